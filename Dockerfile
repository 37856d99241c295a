# The daemon in a container; docs/container.md says how it is built and run.
ARG BASE=docker.io/library/python:3.11-slim-bookworm
# The same Python with a C compiler beside it.
ARG BUILD=docker.io/library/python:3.11-bookworm

# Everything that needs a network or a compiler happens here; of this stage only the finished environment is taken.
FROM ${BUILD} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
# What mmbot needs changes rarely and is a layer of its own: the metadata is there before the source is.
COPY pyproject.toml README.md setup.py ./
RUN mkdir mmbot strategies \
    && touch mmbot/__init__.py strategies/__init__.py \
    && python -m pip wheel --quiet --wheel-dir /wheels . \
    && rm -rf mmbot strategies build ./*.egg-info /wheels/mmbot-*.whl
COPY mmbot mmbot
COPY strategies strategies
# Strategies are run from the working folder, where a folder of the user's own can be mounted over them. The copy in the
# wheel goes: of two modules with one name the loader takes neither. The core is compiled (docs/decisions/compiled.md).
RUN MMBOT_COMPILE=1 python -m pip wheel --quiet --no-deps --wheel-dir /wheels . \
    && python -m venv --without-pip /opt/mmbot \
    && python -m pip --python /opt/mmbot/bin/python install --quiet --no-compile --no-index --find-links /wheels mmbot \
    && rm -rf /opt/mmbot/lib/python3*/site-packages/strategies \
    && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/mmbot/lib


FROM ${BASE}
LABEL org.opencontainers.image.title="mmbot" \
      org.opencontainers.image.description="A market-making daemon for the ProphetX exchange"
# Numbers, so that a runtime that insists on an unprivileged user can see that it is one.
RUN groupadd --gid 10001 mmbot \
    && useradd --uid 10001 --gid 10001 --home-dir /var/lib/mmbot --no-create-home --shell /usr/sbin/nologin mmbot \
    && install -d -o 10001 -g 10001 -m 0700 /var/lib/mmbot \
    && install -d -m 0755 /config
COPY --from=build /opt/mmbot /opt/mmbot
COPY config /config
COPY strategies /app/strategies
# The root may be read-only: nothing is written but the state directory, and the log to standard error.
ENV PATH=/opt/mmbot/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# A BASE with another Python than BUILD's would find nothing of the environment, or the source of the core alone.
RUN python -c "from mmbot.domain import COMPILED; raise SystemExit(not COMPILED)"
WORKDIR /app
USER 10001:10001
VOLUME /var/lib/mmbot
EXPOSE 9464
# Alive means that the engine was asked within the last five seconds; whether it may quote is /readyz's to say, and is no
# reason to restart anything.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-I", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 9464, timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]
# The stop that cancels everything and proves it. It takes up to twice stop.deadline_s: give it that time.
STOPSIGNAL SIGTERM
ENTRYPOINT ["mmbot"]
CMD ["run", "-c", "/config/container-sandbox.yaml"]
