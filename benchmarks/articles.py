"""How much of an article is found on the pages of Chinese news sites.

    python benchmarks/articles.py ../shared/fixtures/news-zh

A paragraph is a ``<p>`` of more than 25 characters that ends a sentence (a menu has none); it is
kept if its first 20 characters stand in the text that was found.
"""

from __future__ import annotations

import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import trafilatura
from parsel import Selector

from spiders.parse.article import article_text
from spiders.parse.pages import page_text
from spiders.web import Fetched


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a page, by their beginnings without blanks."""
    words = ("".join(p.xpath(".//text()").getall()).strip() for p in Selector(text).css("p"))
    return [re.sub(r"\s", "", w)[:20] for w in words if len(w) > 25 and "。" in w]


def main(folder: Path) -> None:
    """Print what is kept on each page, and of all."""
    kept = precise = of = pages = 0
    seconds = 0.0
    for file in sorted(folder.rglob("*.html")):
        fetched = Fetched(
            url=f"https://news.example/{file.name}",
            status=200,
            headers={},
            body=file.read_bytes(),
            observed_at=datetime(2026, 11, 22, tzinfo=UTC),
        )
        wanted = paragraphs(page_text(fetched.body))
        began = time.perf_counter()
        found = re.sub(r"\s", "", article_text(fetched))
        seconds += time.perf_counter() - began
        sparing = trafilatura.extract(page_text(fetched.body), favor_precision=True) or ""
        sparing = re.sub(r"\s", "", sparing)
        hits = sum(p in found for p in wanted)
        print(f"{file.parent.name}/{file.name}: {hits} of {len(wanted)}")
        kept, of, pages = kept + hits, of + len(wanted), pages + 1
        precise += sum(p in sparing for p in wanted)
    print(f"{pages} pages: kept {kept} of {of} paragraphs ({kept / of:.1%})")
    print(f"trafilatura's precise mode: {precise / of:.1%}")
    print(f"{seconds:.1f} s in all")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
