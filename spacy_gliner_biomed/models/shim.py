"""The thinc shim of the network: loads it when needed, places it on a device, runs and saves it."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import RLock
from typing import Any

import srsly
import torch
from thinc.api import Optimizer, Shim, get_torch_default_device

from spacy_gliner_biomed.common.reporting import shorten, warn
from spacy_gliner_biomed.errors import Errors, Warnings
from spacy_gliner_biomed.models.checkpoints import (
    Checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from spacy_gliner_biomed.models.hub import SAVED_FILES
from spacy_gliner_biomed.models.runner import NetworkRunner
from spacy_gliner_biomed.models.trainer import TorchTrainer
from spacy_gliner_biomed.models.tuning import Tuning
from spacy_gliner_biomed.nn.derived import forget
from spacy_gliner_biomed.nn.finite import check_weights
from spacy_gliner_biomed.types import (
    FloatArray,
    PairLogits,
    Precision,
    RelatedLogits,
    Row,
    SpanLogits,
    SpanPairs,
)


class NetworkShim(Shim):
    """Holds a checkpoint, which is loaded when it is first needed.

    load (Callable): Loads or creates the checkpoint; must be picklable.
    """

    def __init__(self, load: Callable[[], Checkpoint]) -> None:
        super().__init__(model=None)
        self.load = load
        self.running: NetworkRunner | None = None
        self.device = torch.device("cpu")
        self.precision: Precision = "float32"
        self.reported: set[str] = set()
        self.process = os.getpid()
        self.trainer: TorchTrainer | None = None
        self.checked = True  # whether the weights are known to be finite
        self.replaced = False  # whether the weights come from somewhere else than `load`
        self.lock = RLock()  # held while a thread loads or moves the network

    @property
    def runner(self) -> NetworkRunner:
        """The network's runner; loads the checkpoint if necessary.

        RAISES (ValueError): If the checkpoint cannot be found or read.
        """
        self._settle_in_fork()  # before loading, which uses torch's threads
        if self.running is None:
            with self.lock:
                if self.running is None:  # another thread may have loaded it
                    self._set(self.load())
        assert self.running is not None
        return self.running

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint, see `runner`."""
        return self.runner.checkpoint

    def move_to_device(self, device: str | None, precision: Precision) -> None:
        """Move the network to a device, and set its precision.

        device (str | None): The name of a torch device; None follows thinc (`spacy.prefer_gpu()`).
        precision (Precision): "float32" is exact. The others compute matrix products in 16 bits. If
            this is slower on the device, float32 is used, with one warning.
        RAISES (ValueError): If torch cannot use the device.
        """
        checkpoint = self.checkpoint
        with self.lock:
            self._move_to_device(checkpoint, device, precision)

    def _move_to_device(
        self, checkpoint: Checkpoint, device: str | None, precision: Precision
    ) -> None:
        try:
            wanted = get_torch_default_device() if device is None else torch.device(device)
            if wanted != self.device:
                checkpoint.network.to(wanted)
        except (RuntimeError, AssertionError) as error:
            raise ValueError(Errors.E033.format(device=device, error=error)) from error
        if wanted != self.device or precision != self.precision:
            self.device, self.precision = wanted, precision
            self.running = NetworkRunner(checkpoint, wanted, precision)
            self._report_precision(self.running)

    def logits(self, rows: Sequence[Row]) -> list[FloatArray]:
        """Compute all logits of each row, see `NetworkRunner.logits`.

        RAISES (ValueError): If training has produced weights that are not finite.
        """
        self._check_trained()
        return self.runner.logits(rows)

    def span_logits(
        self, rows: Sequence[Row], min_logits: Sequence[FloatArray]
    ) -> list[SpanLogits]:
        """Compute the logits of selected spans, see `NetworkRunner.span_logits`.

        RAISES (ValueError): If training has produced weights that are not finite.
        """
        self._check_trained()
        return self.runner.span_logits(rows, min_logits)

    def related_spans(
        self,
        rows: Sequence[Row],
        min_logits: Sequence[FloatArray],
        min_relations: FloatArray,
        min_adjacency: float,
    ) -> list[tuple[SpanLogits, PairLogits]]:
        """Compute the logits of selected spans and pairs, see `NetworkRunner.related_spans`.

        RAISES (ValueError): If training has produced weights that are not finite.
        """
        self._check_trained()
        return self.runner.related_spans(rows, min_logits, min_relations, min_adjacency)

    def _check_trained(self) -> None:
        if not self.checked:
            check_weights(self.checkpoint.network, "The trained weights")
            self.checked = True

    def embed(self, rows: Sequence[Row]) -> FloatArray:
        """Return the mean vector of each row's words. # (B, D)"""
        return self.runner.embed(rows)

    def embed_names(self, names: Sequence[str]) -> FloatArray:
        """Return unit vectors of names, see `NetworkRunner.embed_names`. # (N, H)"""
        return self.runner.embed_names(names)

    def begin_training(self, tuning: Tuning) -> TorchTrainer:
        """Prepare the network for `begin_update`, if it is not prepared yet."""
        if self.trainer is None:
            self.trainer = TorchTrainer(self.checkpoint.network, tuning)
        return self.trainer

    def begin_update(  # type: ignore[override]
        self, rows: Sequence[Row], dropout: float
    ) -> tuple[list[FloatArray], Callable[[Sequence[FloatArray]], None]]:
        """Compute logits and a backpropagation function, see `NetworkRunner.begin_update`."""
        return self.runner.begin_update(rows, dropout)

    def begin_related(
        self, rows: Sequence[Row], spans: Sequence[SpanPairs], dropout: float
    ) -> tuple[list[RelatedLogits], Callable[[Sequence[RelatedLogits]], None]]:
        """Compute logits and a backpropagation function, see `NetworkRunner.begin_related`."""
        return self.runner.begin_related(rows, spans, dropout)

    def finish_update(self, optimizer: Optimizer) -> None:
        """Take a step with the accumulated gradients, if there are any."""
        if self.trainer is not None:
            self.trainer.step(optimizer)
            self.checked = False  # the next prediction checks the weights
        self.runner.label_vectors.clear()  # computed with the weights before the step
        forget(self.checkpoint.network)

    def clear_gradients(self) -> None:
        """Remove the accumulated gradients."""
        if self.trainer is not None:
            self.trainer.clear_gradients()

    @contextmanager
    def use_params(self, params: Any) -> Iterator[None]:  # type: ignore[override]
        """Do nothing, because thinc does not average torch's parameters."""
        yield

    def to_disk(self, path: str | Path) -> None:
        """Write the checkpoint to a folder, see `models.checkpoints.write_checkpoint`."""
        write_checkpoint(self.checkpoint, Path(path))

    def from_disk(self, path: str | Path) -> "NetworkShim":
        """Read the checkpoint from a folder instead of the configured source."""
        self._set(read_checkpoint(Path(path)))
        self.replaced = True
        return self

    def restart(self) -> bool:
        """Load the configured weights again if these were trained, for `initialize`.

        RETURNS (bool): Whether the weights are untrained; False if they came from somewhere else,
            such as a saved pipeline, and were trained since then.
        """
        if self.trainer is None:
            return True
        if not self.replaced:
            with self.lock:
                self._set(self.load())
        return not self.replaced

    def to_bytes(self) -> bytes:
        """Return the files of `to_disk` as one msgpack message."""
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
        """Read the checkpoint from a message of `to_bytes`.

        RAISES (ValueError): If a file name is not that of a checkpoint file; such a name could be
            a path outside of the folder.
        """
        files = srsly.msgpack_loads(bytes_data)
        for file in files:
            if file not in SAVED_FILES:
                raise ValueError(Errors.E137.format(found=shorten(file)))
        with TemporaryDirectory(ignore_cleanup_errors=True) as name:
            for file, content in files.items():
                path = Path(name) / file
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content)
            self.from_disk(Path(name))
        return self

    def __getstate__(self) -> dict[str, Any]:
        state = {**self.__dict__, "running": None, "trainer": None}
        del state["lock"]
        state["bytes"] = None if self.running is None else self.to_bytes()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        content = state.pop("bytes")
        device = state.pop("device")
        self.__dict__.update(state, device=torch.device("cpu"), process=os.getpid())
        self.lock = RLock()
        if content is not None:
            self.from_bytes(content)
            self.move_to_device(str(device), self.precision)

    def _report_precision(self, runner: NetworkRunner) -> None:
        asked, device = self.precision, self.device
        if asked in ("auto", runner.precision) or asked in self.reported:
            return
        self.reported.add(asked)
        name = "this CPU" if device.type == "cpu" else f"the device {str(device)!r}"
        warn(Warnings.W130.format(asked=asked, device=name))

    def _set(self, checkpoint: Checkpoint) -> None:
        checkpoint.network.to(self.device)
        self.running = NetworkRunner(checkpoint, self.device, self.precision)
        self.trainer, self.checked = None, True

    def _settle_in_fork(self) -> None:
        """Prepare a forked worker of `n_process`.

        OpenMP's threads do not survive a fork, and a parallel region would wait for them forever.
        The worker therefore uses a single thread.
        """
        if self.process == os.getpid():
            return
        if self.device.type == "cuda":
            raise RuntimeError(Errors.E034.format(device=self.device))
        torch.set_num_threads(1)
        self.lock = RLock()  # the thread that held the old one did not survive the fork
        self.process = os.getpid()
