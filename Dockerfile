# The service on a CPU, with the packaged model inside: it needs no network.
#
#   docker build -t spacy-gliner-biomed .
#   docker run --rm -p 127.0.0.1:8000:8000 spacy-gliner-biomed
#
# Options of `spacy gliner serve` follow the image: ... spacy-gliner-biomed --labels "disease,drug"
FROM python:3.11-slim AS build
WORKDIR /build
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY constraints.txt ./
# The build for CPUs; the default one for Linux is ten times as large.
RUN torch=$(grep '^torch==' constraints.txt) \
    && pip install "$torch" --index-url https://download.pytorch.org/whl/cpu
COPY setup.cfg pyproject.toml MANIFEST.in README.md LICENSE ./
COPY spacy_gliner_biomed ./spacy_gliner_biomed
RUN pip install -c constraints.txt ".[serve]"

FROM python:3.11-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin service
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 HF_HUB_OFFLINE=1
USER 10001
WORKDIR /tmp
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/ready', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m", "spacy", "gliner", "serve", "--host", "0.0.0.0"]
CMD []
