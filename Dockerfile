# docker buildx build --platform linux/amd64,linux/arm64 --build-arg REVISION=$(git rev-parse HEAD) --tag IMAGE --push .
#
# tests/image follows these steps without a container engine, and runs what they make: as user 65532, on a read-only root
# without a shell. Both platforms are told apart by pip alone: locks/ has the hashes of the wheels of either.

# A tag and not a digest: building again takes the fixes that the distribution has made since. Whoever needs the very same
# bytes each time says --build-arg BASE=python@sha256:…
ARG BASE=python:3.11.14-slim-bookworm

FROM ${BASE} AS build
WORKDIR /source
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY locks/build.txt locks/run.txt locks/
RUN python3.11 -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes --only-binary :all: -r locks/build.txt
# The second environment has no pip of its own: it is not needed to run.
RUN python3.11 -m venv --without-pip /opt/gco-stream \
    && /opt/build/bin/pip --python /opt/gco-stream install --require-hashes --only-binary :all: --no-compile -r locks/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY gco_stream gco_stream
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /opt/wheels . \
    && /opt/build/bin/pip --python /opt/gco-stream install --no-deps --no-index --no-compile /opt/wheels/*.whl
# The root file system is read-only where it runs, so bytecode must be there already: without it, every start compiles
# anew, and holds 30 MiB more.
RUN /opt/gco-stream/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/gco-stream/lib

FROM ${BASE}
ARG BASE
ARG REVISION=unknown
LABEL org.opencontainers.image.title="gco-stream" \
    org.opencontainers.image.description="Keeps a Kubernetes cluster in line with the inference endpoints recorded in a DynamoDB table" \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.base.name="${BASE}"
COPY --from=build /opt/gco-stream /opt/gco-stream
# A home, since nobody has one whom no file of users knows, and libraries end where they cannot find it.
ENV PATH=/opt/gco-stream/bin:$PATH HOME=/ PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
HEALTHCHECK NONE
ENTRYPOINT ["gco-stream"]
CMD ["run"]
