"""Average the weights of two checkpoints, one of which was trained from the other.

    python scripts/average_checkpoints.py FIRST SECOND OUTPUT --share 0.3

`share` is the weight of SECOND; everything but the weights is that of FIRST. A network that was
trained on new data regains much of what it forgot if it is averaged with what it was before
(Wortsman et al., CVPR 2022, arXiv 2109.01903).
"""

import argparse
from pathlib import Path

import torch

from spacy_gliner_biomed.models.checkpoints import load_checkpoint, write_checkpoint


def average(first: Path, second: Path, output: Path, share: float) -> None:
    """Write the average of two checkpoints of the same shape.

    first, second, output (Path): Folders.
    share (float): The weight of the second one, from 0 to 1.
    """
    checkpoint = load_checkpoint(str(first))
    other = load_checkpoint(str(second)).network.state_dict()
    with torch.no_grad():
        for name, tensor in checkpoint.network.state_dict().items():
            tensor.lerp_(other[name].to(tensor.dtype), share)
    write_checkpoint(checkpoint, output)


def main() -> None:
    """Read the arguments, and average."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--share", type=float, required=True)
    arguments = parser.parse_args()
    average(arguments.first, arguments.second, arguments.output, arguments.share)


if __name__ == "__main__":
    main()
