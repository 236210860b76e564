"""thinc's side of the network: loads weights late, places them, runs rows, serializes."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import srsly
import torch
from thinc.api import Optimizer, Shim, get_torch_default_device
from torch import Tensor

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.checkpoints import (
    Checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from spacy_gliner_biomed.models.collate import collate_rows, pad_arrays, spans_by_row
from spacy_gliner_biomed.models.label_vectors import LabelVectors
from spacy_gliner_biomed.models.trainer import TorchTrainer, set_dropout
from spacy_gliner_biomed.models.tuning import Tuning
from spacy_gliner_biomed.nn.kept import forget
from spacy_gliner_biomed.nn.networks import BiEncoderSpan, mean_state
from spacy_gliner_biomed.nn.selection import SelectedSpans, select_spans
from spacy_gliner_biomed.tokenization.rows import length_batches
from spacy_gliner_biomed.types import FloatArray, IntArray, Precision, Row, SpanLogits

NAME_SUBTOKENS, NAME_BATCH = 64, 2048  # of a name, and of all names in a pass


class NetworkShim(Shim):
    """Holds a checkpoint from the first time that it is needed.

    load (Callable): Loads or makes it; must pickle.
    """

    def __init__(self, load: Callable[[], Checkpoint]) -> None:
        super().__init__(model=None)
        self.load = load
        self.loaded: Checkpoint | None = None
        self.device = torch.device("cpu")
        self.precision: Precision = "float32"
        self.process = os.getpid()
        self.label_vectors = LabelVectors()
        self.trainer: TorchTrainer | None = None

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint, loaded now if it was not.

        RAISES (ValueError): If it cannot be found or read.
        """
        if self.loaded is None:
            self._settle_in_fork()  # torch copies large weights with its threads
            self._set(self.load())
            assert self.loaded is not None
        return self.loaded

    def place(self, device: str | None, precision: Precision) -> None:
        """Move the network to a device, and choose how it computes.

        device (str | None): As torch names it; None follows thinc (`spacy.prefer_gpu()`).
        precision (Precision): "float32" is exact; the others run matrix products in 16 bits.
        RAISES (ValueError): If torch cannot use the device.
        """
        network = self.checkpoint.network
        try:
            wanted = get_torch_default_device() if device is None else torch.device(device)
            if wanted != self.device or precision != self.precision:
                self.label_vectors.clear()
            self.precision = precision
            if wanted != self.device:
                network.to(wanted)
        except (RuntimeError, AssertionError) as error:
            raise ValueError(Errors.E033.format(device=device, error=error)) from error
        self.device = wanted

    def predict(self, rows: Sequence[Row]) -> list[FloatArray] | list[SpanLogits]:
        """Logits of each row as float32: (W, K, C) of spans, or (W, C, 3) of tokens; of rows that
        say what counts, those of the spans that do.
        """
        self._settle_in_fork()
        with torch.inference_mode(), self._autocast():
            logits = self._run(rows, self._cached_labels, self._least(rows))
        if isinstance(logits, SelectedSpans):
            return spans_by_row(logits, rows)
        return self._per_row(logits.float().cpu().numpy(), rows)

    def embed(self, rows: Sequence[Row]) -> FloatArray:
        """Mean vector of each row's words. # (B, D)"""
        self._settle_in_fork()
        checkpoint = self.checkpoint
        batch = collate_rows(rows, pad_id=checkpoint.subtokens.pad_id, device=self.device)
        with torch.inference_mode(), self._autocast():
            _, words = checkpoint.network.vectors(batch)
        n_words = batch.n_words.to(words.device)[:, None]
        inside = torch.arange(words.size(1), device=words.device) < n_words
        total = (words.float() * inside[..., None]).sum(dim=1)
        mean: FloatArray = (total / n_words.clamp(min=1)).cpu().numpy()
        return mean

    def embed_names(self, names: Sequence[str]) -> FloatArray:
        """Vectors of names, of unit length: the mean over the states of a bi-encoder's label
        encoder, or else of the text encoder. # (N, H)
        """
        self._settle_in_fork()
        encoder, subtokens = self.checkpoint.name_encoder
        encoded = subtokens.encode_names(names, NAME_SUBTOKENS)
        vectors = np.zeros((len(names), 0), dtype=np.float32)
        for batch in length_batches(list(map(len, encoded)), NAME_BATCH):
            ids, mask = self._pad([encoded[i] for i in batch], subtokens.pad_id)
            with torch.inference_mode(), self._autocast():
                mean = mean_state(encoder, ids, mask)
            unit = torch.nn.functional.normalize(mean.float(), dim=-1).cpu().numpy()
            if not vectors.size:
                vectors = np.zeros((len(names), unit.shape[1]), dtype=np.float32)
            vectors[batch] = unit
        return vectors

    def begin_training(self, tuning: Tuning) -> TorchTrainer:
        """Prepare the network for `begin_update`, if that was not done yet."""
        if self.trainer is None:
            self.trainer = TorchTrainer(self.checkpoint.network, tuning)
        return self.trainer

    def begin_update(  # type: ignore[override]
        self, rows: Sequence[Row], dropout: float
    ) -> tuple[list[FloatArray], Callable[[Sequence[FloatArray]], None]]:
        """Logits as `predict`, with dropout, and a function that takes their gradients."""
        network = self.checkpoint.network.train()
        set_dropout(network, dropout)
        with torch.enable_grad(), self._autocast():
            logits = self._run(rows, self._new_labels, training=True)
            assert isinstance(logits, Tensor)
            logits = logits.float()
        network.eval()

        def backprop(gradients: Sequence[FloatArray]) -> None:
            padded = torch.zeros(logits.shape)
            for line, gradient in zip(self._per_row(padded.numpy(), rows), gradients, strict=True):
                line[...] = gradient
            logits.backward(padded.to(logits.device))  # type: ignore[no-untyped-call]

        return self._per_row(logits.detach().cpu().numpy(), rows), backprop

    def finish_update(self, optimizer: Optimizer) -> None:
        """Take a step with the gradients that were accumulated, if there are any."""
        if self.trainer is not None:
            self.trainer.step(optimizer)
        self.label_vectors.clear()  # they are of the weights before the step
        forget(self.checkpoint.network)

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
            files = {
                path.relative_to(name).as_posix(): path.read_bytes()
                for path in Path(name).rglob("*")
                if path.is_file()
            }
        message: bytes = srsly.msgpack_dumps(files)
        return message

    def from_bytes(self, bytes_data: bytes) -> "NetworkShim":
        """Take the checkpoint from what `to_bytes` gave."""
        with TemporaryDirectory(ignore_cleanup_errors=True) as name:
            for file, content in srsly.msgpack_loads(bytes_data).items():
                path = Path(name) / file
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content)
            self.from_disk(Path(name))
        return self

    def __getstate__(self) -> dict[str, Any]:
        state = {**self.__dict__, "label_vectors": LabelVectors(), "loaded": None, "trainer": None}
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
        self.loaded, self.trainer = checkpoint, None
        self.label_vectors.clear()
        checkpoint.network.to(self.device)

    def _run(
        self,
        rows: Sequence[Row],
        encode_labels: Callable[..., Tensor],
        least: Tensor | None = None,  # (B, C)
        *,
        training: bool = False,
    ) -> Tensor | SelectedSpans:
        checkpoint, pad_id = self.checkpoint, self.checkpoint.subtokens.pad_id
        batch = collate_rows(rows, pad_id=pad_id, device=self.device, training=training)
        scored: Tensor | SelectedSpans
        if not isinstance(checkpoint.network, BiEncoderSpan):
            scored = checkpoint.network(batch, *([] if least is None else [least]))
            return scored
        groups = list({id(row.prompts): row.prompts for row in rows}.values())
        prompts = list(dict.fromkeys(chain.from_iterable(groups)))
        labels = encode_labels(prompts)
        if len(groups) == 1 and len(groups[0]) == len(prompts):  # as in prediction
            scored = checkpoint.network(batch, labels, None if least is None else least[:1])
            return scored
        place = {prompt: column for column, prompt in enumerate(prompts)}
        columns = [[place[prompt] for prompt in row.prompts] for row in rows]
        index = torch.from_numpy(pad_arrays(list(map(np.array, columns)), 0)).long()
        logits = checkpoint.network(batch, labels)
        index = index.to(logits.device)[:, None, None].expand(*logits.shape[:3], -1)
        logits = logits.gather(-1, index)
        return logits if least is None else select_spans(logits, least)

    def _least(self, rows: Sequence[Row]) -> Tensor | None:  # (B, C)
        """What a span's logits have to be above, if all rows say it."""
        least = [row.least for row in rows if row.least is not None]
        if len(least) < len(rows) or self.checkpoint.config.kind == "uni_token":
            return None
        return torch.from_numpy(pad_arrays(least, np.inf)).to(self.device)

    def _per_row(self, logits: FloatArray, rows: Sequence[Row]) -> list[FloatArray]:
        """Views of each row's part, without padding."""
        views = []
        for values, row in zip(logits, rows, strict=True):
            labels = slice(len(row.prompts))
            token = self.checkpoint.config.kind == "uni_token"
            view = values[: len(row.word_positions)]
            views.append(view[:, labels] if token else view[:, :, labels])
        return views

    def _new_labels(self, prompts: Sequence[str]) -> Tensor:  # (C, D)
        """Label vectors with their gradient."""
        subtokens = self.checkpoint.label_subtokens
        assert subtokens is not None
        return self._encode_labels([subtokens.encode_sequence(prompt) for prompt in prompts])

    def _pad(self, encoded: Sequence[IntArray], pad_id: int) -> tuple[Tensor, Tensor]:
        """Ids and mask of sequences."""
        ids = torch.from_numpy(pad_arrays(encoded, -1)).long().to(self.device)
        return ids.where(ids >= 0, pad_id), (ids >= 0).long()

    def _cached_labels(self, prompts: Sequence[str]) -> Tensor:  # (C, D)
        """Label vectors, kept from earlier rows where they can be."""
        subtokens = self.checkpoint.label_subtokens
        assert subtokens is not None
        return self.label_vectors.get(prompts, subtokens, self._encode_labels)

    def _encode_labels(self, encoded: Sequence[IntArray]) -> Tensor:  # (C, D)
        network, subtokens = self.checkpoint.network, self.checkpoint.label_subtokens
        assert isinstance(network, BiEncoderSpan)
        assert subtokens is not None
        return network.encode_labels(*self._pad(encoded, subtokens.pad_id))

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
