"""Reads and writes the folder of the shipped model: weights, shape and tokenizer."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import attrs
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from nlp.calibration import Calibration, read_calibration, write_calibration
from nlp.network import Network, Shape

__all__ = ["SHIPPED", "Model", "read_model", "write_model"]

SHIPPED = Path(__file__).parent / "models" / "sparkwatch-base"
"""The folder that comes with the package."""

_PREFIX = "network."
_SPECIAL = {
    "bos_token": "<s>",
    "cls_token": "<s>",
    "eos_token": "</s>",
    "sep_token": "</s>",
    "pad_token": "<pad>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}


@attrs.frozen(kw_only=True)
class Model:
    """A network that is ready to score, with its tokenizer; ``revision`` tells its weights."""

    network: Network
    tokenizer: Tokenizer
    calibration: Calibration
    revision: str


def read_model(folder: Path) -> Model:
    """The model in a folder that ``write_model`` wrote.

    Raises:
        FileNotFoundError: one of its four files is missing.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    shape = Shape(**{field.name: config[field.name] for field in attrs.fields(Shape)})
    weights = load_file(folder / "model.safetensors")
    tokenizer = Tokenizer.from_str((folder / "tokenizer.json").read_text(encoding="utf-8"))
    network = Network(shape)
    network.load_state_dict(
        {name.removeprefix(_PREFIX): tensor for name, tensor in weights.items()}, assign=True
    )
    network.requires_grad_(False).eval()
    return Model(
        network=network,
        tokenizer=tokenizer,
        calibration=read_calibration(folder),
        revision=config["revision"],
    )


def write_model(
    network: Network, shape: Shape, tokenizer: Tokenizer, calibration: Calibration, folder: Path
) -> None:
    """Write a folder that both ``read_model`` and transformers read."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {_PREFIX + name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(weights[name].numpy().tobytes())
    digest.update(json.dumps(attrs.asdict(calibration), sort_keys=True).encode())
    config = attrs.asdict(shape) | {
        "architectures": ["SparkwatchModel"],
        "dtype": "float32",
        "model_type": "sparkwatch",
        "pad_token_id": tokenizer.token_to_id("<pad>"),
        "revision": digest.hexdigest()[:12],
    }
    special = _SPECIAL | {
        "model_max_length": shape.max_position_embeddings,
        "tokenizer_class": "PreTrainedTokenizerFast",
    }
    unfinished = folder / "model.safetensors.part"
    save_file(weights, unfinished, metadata={"format": "pt"})
    unfinished.chmod(0o644)
    unfinished.replace(folder / "model.safetensors")  # a process may have mapped the old one
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    write_calibration(calibration, folder)
    _write_json(folder / "config.json", config)
    _write_json(folder / "tokenizer_config.json", special)


def _write_json(place: Path, content: dict[str, object]) -> None:
    place.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
