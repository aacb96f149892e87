"""What cannot be opened says what is wrong, with which database, and what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, make_url, text

from monitor.store.errors import Problem, StoreError
from monitor.store.opening import VERSION_TABLE
from monitor.store.store import Store
from monitor.store.tables import metadata
from tests.store.making import post, seen


def problem_of(url: str) -> StoreError:
    with pytest.raises(StoreError) as raised:
        Store.open(url)
    return raised.value


def test_opening_makes_the_folder_and_opening_again_keeps_what_is_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new/folder/sparkwatch.db"
    for found in (0, 1):
        store = Store.open(url)
        with store.begin() as work:
            assert work.posts.count() == found
            work.posts.gather([seen(post())])
        store.close()


def test_the_migrations_make_exactly_the_tables_of_the_program(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "version_table": VERSION_TABLE,
                "compare_server_default": True,
                "target_metadata": metadata,
            },
        )
        assert compare_metadata(context, metadata) == []


def test_several_processes_may_open_a_new_database_at_once(url: str) -> None:
    program = (
        "import sys; from monitor.store.store import Store; sys.stdin.read(1); "
        "Store.open(sys.argv[1]).close(); print('opened')"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("!")
        process.stdin.flush()
    assert [process.communicate(timeout=60) for process in processes] == [("opened\n", "")] * 4


def test_a_database_of_a_newer_program_is_left_alone(url: str) -> None:
    store = Store.open(url)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE sparkwatch_schema SET version_num = '9999'"))
    store.close()
    error = problem_of(url)
    assert error.problem is Problem.NEWER
    assert "was written by a newer Sparkwatch; run that version" in str(error)


def test_tables_of_another_program_are_left_alone(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE posts (title TEXT)"))
    engine.dispose()
    error = problem_of(url)
    assert error.problem is Problem.FOREIGN
    assert "already holds tables of another program; name an empty database. (posts)" in str(error)


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    diary = tmp_path / "diary.txt"
    diary.write_text("Tuesday: they charged us for the fourth bag.\n" * 100)
    before = diary.read_bytes()
    error = problem_of(f"sqlite:///{diary}")
    assert error.problem is Problem.NOT_A_DATABASE
    assert str(diary) in str(error)
    assert diary.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    error = problem_of(f"sqlite:///{tmp_path}/file/sparkwatch.db")
    assert error.problem is Problem.READ_ONLY
    assert f"{tmp_path}/file/sparkwatch.db cannot be written" in str(error)


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    assert problem_of(f"sqlite:///{tmp_path}").problem is Problem.READ_ONLY


@pytest.mark.parametrize(
    "url",
    [
        "sparkwatch.db",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://root:s3cret@127.0.0.1/x",
        "postgresql://me:s3cret@127.0.0.1:port/x",
    ],
)
def test_an_address_that_names_no_database_is_refused_without_repeating_a_password(
    url: str,
) -> None:
    error = problem_of(url)
    assert error.problem is Problem.BAD_URL
    assert "write sqlite:///folder/sparkwatch.db or postgresql+psycopg://" in str(error)
    assert "s3cret" not in str(error)


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    error = problem_of("postgresql+psycopg://me:s3cret@127.0.0.1:1/sparkwatch")
    assert error.problem is Problem.UNREACHABLE
    assert "127.0.0.1:1/sparkwatch cannot be reached; see that the server runs" in str(error)
    assert "s3cret" not in str(error)


def test_a_wrong_password_is_told_and_never_printed(postgres_url: str) -> None:
    url = make_url(postgres_url).set(password="s3cret").render_as_string(hide_password=False)
    error = problem_of(url)
    assert error.problem is Problem.REFUSED
    assert "refused the user or the password" in str(error)
    assert "s3cret" not in str(error) + repr(error.__cause__)


def test_a_database_that_does_not_exist_is_told(postgres_url: str) -> None:
    url = make_url(postgres_url).set(database="nowhere").render_as_string(hide_password=False)
    assert problem_of(url).problem is Problem.MISSING


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to every folder")
def test_a_read_only_folder_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert problem_of(f"sqlite:///{tmp_path}/sparkwatch.db").problem is Problem.READ_ONLY


def test_a_read_only_transaction_cannot_write(store: Store) -> None:
    with pytest.raises(StoreError) as raised, store.read() as work:
        work.posts.gather([seen(post())])
    assert raised.value.problem is Problem.READ_ONLY
    with store.read() as work:
        assert work.posts.first_observed_at() is None


def test_an_error_in_a_block_undoes_it(store: Store) -> None:
    def interrupted() -> None:
        with store.begin() as work:
            work.posts.gather([seen(post())])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    with store.read() as work:
        assert work.posts.count() == 0
        assert work.mentions.first_published_at("acme") is None
