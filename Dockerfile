# Two images. `docker build --target serve .` answers requests: no torch, no DGL, no pandas.
# `docker build --target train .` loads data, trains and publishes snapshots.

FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv --without-pip /opt/graphrec
ENV PIP_PYTHON=/opt/graphrec/bin/python PIP_NO_CACHE_DIR=1 PIP_CONSTRAINT=/src/constraints.txt
COPY pyproject.toml README.md LICENSE constraints.txt ./
COPY graphrec graphrec
COPY ingest ingest
COPY api api
COPY scripts scripts

FROM build AS build-serve
RUN pip install ".[api,cli,neo4j,otel]"

FROM build AS build-train
RUN pip install ".[api,cli,ingest,neo4j,sql,train,tune]"

FROM python:3.11-slim AS base
RUN useradd --create-home --uid 10001 graphrec && mkdir /data && chown graphrec /data
USER graphrec
WORKDIR /data
# One thread a request: more processes, not more threads, use more cores.
ENV PATH=/opt/graphrec/bin:$PATH PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
VOLUME /data
ENTRYPOINT ["graphrec"]

FROM base AS train
USER root
# DGL and torch load OpenMP from the system.
RUN apt-get update && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/*
USER graphrec
COPY --from=build-train /opt/graphrec /opt/graphrec
ENV OMP_NUM_THREADS= OPENBLAS_NUM_THREADS=
CMD ["--help"]

FROM base AS serve
COPY --from=build-serve /opt/graphrec /opt/graphrec
EXPOSE 8000
# Keys are needed here: graphrec refuses to listen on other addresses than loopback without.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["python", "-c", \
    "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
STOPSIGNAL SIGTERM
CMD ["serve", "--host", "0.0.0.0"]
