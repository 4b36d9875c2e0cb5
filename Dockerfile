# A tag and not a digest: building again takes the fixes that the distribution has made since.
FROM python:3.11.14-slim-bookworm AS build
WORKDIR /source
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY locks/build.txt locks/run.txt locks/
RUN python3.11 -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes -r locks/build.txt
# The second environment has no pip of its own: it is not needed to run.
RUN python3.11 -m venv --without-pip /opt/gco-stream \
    && /opt/build/bin/pip --python /opt/gco-stream install --require-hashes --no-compile -r locks/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY gco_stream gco_stream
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /opt/wheels . \
    && /opt/build/bin/pip --python /opt/gco-stream install --no-deps --no-index --no-compile /opt/wheels/*.whl
# The root file system is read-only where it runs, so bytecode must be there already.
RUN /opt/gco-stream/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/gco-stream/lib

FROM python:3.11.14-slim-bookworm
COPY --from=build /opt/gco-stream /opt/gco-stream
ENV PATH=/opt/gco-stream/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
HEALTHCHECK NONE
ENTRYPOINT ["gco-stream"]
CMD ["run"]
