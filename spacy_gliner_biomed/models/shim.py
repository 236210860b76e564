"""thinc's side of the network: loads weights late, places them, runs rows, serializes."""

import os
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import srsly
import torch
from thinc.api import Shim, get_torch_default_device
from torch import Tensor

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.checkpoints import (
    Checkpoint,
    load_checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from spacy_gliner_biomed.models.collate import collate_rows, pad_arrays
from spacy_gliner_biomed.nn.networks import BiEncoderSpan
from spacy_gliner_biomed.types import FloatArray, Precision, Row

MAX_CACHED_LABELS = 10_000  # label vectors of a bi-encoder: 4 * D bytes each
LABEL_BATCH = 64


class NetworkShim(Shim):
    """Holds a checkpoint from the first time that it is needed.

    checkpoint, revision: Where to load it from, see `models.hub.find_checkpoint`.
    """

    def __init__(self, checkpoint: str, revision: str | None) -> None:
        super().__init__(model=None)
        self.origin = (checkpoint, revision)
        self.loaded: Checkpoint | None = None
        self.device = torch.device("cpu")
        self.precision: Precision = "float32"
        self.process = os.getpid()
        self.label_vectors: OrderedDict[str, Tensor] = OrderedDict()

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint, loaded now if it was not.

        RAISES (ValueError): If it cannot be found or read.
        """
        if self.loaded is None:
            self._set(load_checkpoint(*self.origin))
            assert self.loaded is not None
        return self.loaded

    def place(self, device: str | None, precision: Precision) -> None:
        """Move the network to a device, and choose how it computes.

        device (str | None): As torch names it; None follows thinc (`spacy.prefer_gpu()`).
        precision (Precision): "float32" is exact; the others run matrix products in 16 bits.
        RAISES (ValueError): If torch cannot use the device.
        """
        wanted = get_torch_default_device() if device is None else torch.device(device)
        if wanted != self.device or precision != self.precision:
            self.label_vectors.clear()
        self.precision = precision
        if wanted != self.device:
            try:
                self.checkpoint.network.to(wanted)
            except (RuntimeError, AssertionError) as error:
                raise ValueError(Errors.E033.format(device=device, error=error)) from error
            self.device = wanted

    def predict(self, rows: Sequence[Row]) -> list[FloatArray]:
        """Logits of each row: (W, K, C) of spans, or (W, C, 3) of tokens, as float32."""
        self._settle_in_fork()
        with torch.inference_mode(), self._autocast():
            logits = self._run(rows).float().cpu().numpy()
        n_labels = [len(row.prompts) for row in rows]
        if self.checkpoint.config.kind == "uni_token":
            return [
                logit[: len(row.word_positions), :n]
                for logit, row, n in zip(logits, rows, n_labels, strict=True)
            ]
        return [
            logit[: len(row.word_positions), :, :n]
            for logit, row, n in zip(logits, rows, n_labels, strict=True)
        ]

    def __call__(self, inputs: Any, is_train: bool) -> Any:
        """Logits of rows, see `predict`."""
        if is_train:
            raise NotImplementedError(Errors.E040)
        return self.predict(inputs)

    @contextmanager
    def use_params(self, params: Any) -> Iterator[None]:  # type: ignore[override]
        """Averaged parameters belong to training; nothing to swap."""
        yield

    def to_disk(self, path: str | Path) -> None:
        """Write the checkpoint as a folder, see `models.checkpoints.write_checkpoint`."""
        write_checkpoint(self.checkpoint, Path(path))

    def from_disk(self, path: str | Path) -> "NetworkShim":
        """Take the checkpoint from a folder instead of the configured origin."""
        self._set(read_checkpoint(Path(path)))
        return self

    def to_bytes(self) -> bytes:
        """The files of `to_disk` as one message."""
        with TemporaryDirectory(ignore_cleanup_errors=True) as name:
            self.to_disk(Path(name))
            files = {path.name: path.read_bytes() for path in Path(name).iterdir()}
        message: bytes = srsly.msgpack_dumps(files)
        return message

    def from_bytes(self, bytes_data: bytes) -> "NetworkShim":
        """Take the checkpoint from what `to_bytes` gave."""
        with TemporaryDirectory(ignore_cleanup_errors=True) as name:
            for file, content in srsly.msgpack_loads(bytes_data).items():
                (Path(name) / file).write_bytes(content)
            self.from_disk(Path(name))
        return self

    def __getstate__(self) -> dict[str, Any]:
        state = {**self.__dict__, "label_vectors": OrderedDict(), "loaded": None}
        state["bytes"] = None if self.loaded is None else self.to_bytes()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        content = state.pop("bytes")
        device = state.pop("device")
        self.__dict__.update(state, device=torch.device("cpu"), process=os.getpid())
        if content is not None:
            self.from_bytes(content)
            self.place(str(device), self.precision)

    def _set(self, checkpoint: Checkpoint) -> None:
        self.loaded = checkpoint
        self.label_vectors.clear()
        checkpoint.network.to(self.device)

    def _run(self, rows: Sequence[Row]) -> Tensor:
        checkpoint = self.checkpoint
        batch = collate_rows(rows, pad_id=checkpoint.subtokens.pad_id, device=self.device)
        if isinstance(checkpoint.network, BiEncoderSpan):
            labels = self._encode_labels(rows[0].prompts)
            logits: Tensor = checkpoint.network(batch, labels)
        else:
            logits = checkpoint.network(batch)
        return logits

    def _encode_labels(self, prompts: Sequence[str]) -> Tensor:  # (C, D)
        """Label vectors, from the cache where it has them."""
        checkpoint, cache = self.checkpoint, self.label_vectors
        assert isinstance(checkpoint.network, BiEncoderSpan)
        assert checkpoint.label_subtokens is not None
        subtokens = checkpoint.label_subtokens
        new = [prompt for prompt in dict.fromkeys(prompts) if prompt not in cache]
        encoded = sorted(((p, subtokens.encode_sequence(p)) for p in new), key=lambda x: len(x[1]))
        for first in range(0, len(encoded), LABEL_BATCH):
            names, ids = zip(*encoded[first : first + LABEL_BATCH], strict=True)
            padded = torch.from_numpy(pad_arrays(ids, -1)).long().to(self.device)
            mask = (padded >= 0).long()
            padded = padded.where(padded >= 0, subtokens.pad_id)
            cache.update(zip(names, checkpoint.network.encode_labels(padded, mask), strict=True))
        for prompt in prompts:
            cache.move_to_end(prompt)
        vectors = torch.stack([cache[prompt] for prompt in prompts])
        while len(cache) > MAX_CACHED_LABELS:
            cache.popitem(last=False)
        return vectors

    def _autocast(self) -> Any:
        if self.precision == "float32":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=getattr(torch, self.precision))

    def _settle_in_fork(self) -> None:
        """In a worker of `n_process`: OpenMP's threads did not survive the fork, and a
        parallel region would wait for them for ever. One thread a worker needs none.
        """
        if self.process == os.getpid():
            return
        if self.device.type == "cuda":
            raise RuntimeError(Errors.E034.format(device=self.device))
        torch.set_num_threads(1)
        self.process = os.getpid()
