# Three images. `docker build --target serve .` answers requests: no torch, no DGL, no pandas.
# `--target consume .` reads streams into the store, and answers requests with [stream] set.
# `--target train .` loads data, trains and publishes snapshots; torch is built for the CPU.
#
# What is installed goes by constraints.txt, to the version. Packages are a layer below the code: a
# change of the code builds and pushes that one layer, of a few megabytes. For the same bytes on
# another day, pin PYTHON to a digest (`python:3.11.13-slim-bookworm@sha256:…`), and build with
# `SOURCE_DATE_EPOCH` and BuildKit's `rewrite-timestamp=true`.
ARG PYTHON=python:3.11.13-slim-bookworm

FROM ${PYTHON} AS packages
WORKDIR /src
RUN python -m venv --without-pip /opt/graphrec
# Byte code that holds no time of files, so that the same sources give the same layer.
ENV PIP_PYTHON=/opt/graphrec/bin/python PIP_NO_CACHE_DIR=1 PIP_CONSTRAINT=/src/constraints.txt \
    PIP_NO_COMPILE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 SOURCE_DATE_EPOCH=0 PYTHONHASHSEED=0
COPY pyproject.toml constraints.txt ./
COPY deploy/requirements.py deploy/requirements.py

FROM packages AS packages-serve
RUN python deploy/requirements.py "api,cli,neo4j,otel" > requirements.txt \
    && pip install -r requirements.txt \
    && /opt/graphrec/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/graphrec/lib

FROM packages AS packages-consume
RUN python deploy/requirements.py "api,cli,ingest,kafka,nats,neo4j,otel,redis,registry" \
    > requirements.txt \
    && pip install -r requirements.txt \
    && /opt/graphrec/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/graphrec/lib

FROM packages AS packages-train
# The registry's own torch brings 2 GB of CUDA: this index has the same version for the CPU alone.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN python deploy/requirements.py "api,cli,ingest,neo4j,sql,train,tune" > requirements.txt \
    && pip install --extra-index-url ${TORCH_INDEX} -r requirements.txt \
    && /opt/graphrec/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/graphrec/lib

# The code alone, in a folder of its own: it depends on no packages that are installed.
FROM packages AS code
COPY README.md LICENSE ./
COPY graphrec graphrec
COPY ingest ingest
COPY api api
COPY scripts scripts
RUN pip install --no-deps --target /opt/code . \
    && /opt/graphrec/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/code

FROM ${PYTHON} AS base
RUN useradd --create-home --uid 10001 graphrec && mkdir /data && chown graphrec /data
WORKDIR /data
# One thread a request: more processes, not more threads, use more cores.
ENV PATH=/opt/code/bin:/opt/graphrec/bin:$PATH PYTHONPATH=/opt/code PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
VOLUME /data
ENTRYPOINT ["graphrec"]

FROM base AS train
# DGL and torch load OpenMP from the system.
RUN apt-get update && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=packages-train /opt/graphrec /opt/graphrec
COPY --from=code /opt/code /opt/code
ENV OMP_NUM_THREADS= OPENBLAS_NUM_THREADS=
USER graphrec
CMD ["--help"]

FROM base AS consume
COPY --from=packages-consume /opt/graphrec /opt/graphrec
COPY --from=code /opt/code /opt/code
USER graphrec
STOPSIGNAL SIGTERM
CMD ["consume", "--help"]

FROM base AS serve
COPY --from=packages-serve /opt/graphrec /opt/graphrec
COPY --from=code /opt/code /opt/code
USER graphrec
EXPOSE 8000
# Keys are needed here: graphrec refuses to listen on other addresses than loopback without.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/opt/graphrec/bin/python", "-c", \
    "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
STOPSIGNAL SIGTERM
CMD ["serve", "--host", "0.0.0.0"]
