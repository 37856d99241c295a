# The daemon in a container. docs/container.md explains how to build and run it.
ARG BASE=docker.io/library/python:3.11-slim-bookworm
# The same Python, with a C compiler.
ARG BUILD=docker.io/library/python:3.11-bookworm

# This stage does everything that needs a network or a compiler. Only the finished environment leaves it.
FROM ${BUILD} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
# The dependencies change rarely, so they have their own layer: copy the metadata before the source.
COPY pyproject.toml README.md setup.py ./
RUN mkdir mmbot strategies \
    && touch mmbot/__init__.py strategies/__init__.py \
    && python -m pip wheel --quiet --wheel-dir /wheels . \
    && rm -rf mmbot strategies build ./*.egg-info /wheels/mmbot-*.whl
COPY mmbot mmbot
COPY strategies strategies
# Strategies run from the working directory, where you can mount your own over them. The copy in the wheel is removed,
# since the loader rejects two modules with the same name. The core is compiled (docs/decisions/compiled.md).
RUN MMBOT_COMPILE=1 python -m pip wheel --quiet --no-deps --wheel-dir /wheels . \
    && python -m venv --without-pip /opt/mmbot \
    && python -m pip --python /opt/mmbot/bin/python install --quiet --no-compile --no-index --find-links /wheels mmbot \
    && rm -rf /opt/mmbot/lib/python3*/site-packages/strategies \
    && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/mmbot/lib


FROM ${BASE}
LABEL org.opencontainers.image.title="mmbot" \
      org.opencontainers.image.description="A market-making daemon for the ProphetX exchange"
# Numeric ids, so that a runtime can check that the user is unprivileged.
RUN groupadd --gid 10001 mmbot \
    && useradd --uid 10001 --gid 10001 --home-dir /var/lib/mmbot --no-create-home --shell /usr/sbin/nologin mmbot \
    && install -d -o 10001 -g 10001 -m 0700 /var/lib/mmbot \
    && install -d -m 0755 /config
COPY --from=build /opt/mmbot /opt/mmbot
COPY config /config
COPY strategies /app/strategies
# The root may be read-only: mmbot writes only to the state directory, and its log to standard error.
ENV PATH=/opt/mmbot/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# Fail if BASE and BUILD have different Pythons: the compiled core would not be found.
RUN python -c "from mmbot.domain import COMPILED; raise SystemExit(not COMPILED)"
WORKDIR /app
USER 10001:10001
VOLUME /var/lib/mmbot
EXPOSE 9464
# Healthy means that the engine ran within the last five seconds. /readyz tells whether the bot quotes, which is no
# reason for a restart.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-I", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 9464, timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]
# SIGTERM makes the daemon cancel everything and prove it. This takes up to twice stop.deadline_s.
STOPSIGNAL SIGTERM
ENTRYPOINT ["mmbot"]
CMD ["run", "-c", "/config/container-sandbox.yaml"]
