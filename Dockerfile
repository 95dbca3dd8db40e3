# syntax=docker/dockerfile:1
# One image, three uses: `engine web`, `engine run --live` and `engine gateway` (docker-compose.yml).

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/engine
WORKDIR /src
COPY requirements.image.lock ./
RUN /opt/engine/bin/pip install --require-hashes --only-binary :all: --no-binary ib-insync \
      -r requirements.image.lock
COPY pyproject.toml README.md LICENSE ./
COPY dsl dsl
COPY engine engine
COPY adapters adapters
COPY web web
RUN /opt/engine/bin/pip install --no-deps --no-build-isolation . \
 && /opt/engine/bin/pip uninstall --yes hatchling editables \
 && /opt/engine/bin/python -m compileall -q /opt/engine/lib

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin trader \
 && install -d -o trader -g trader /state /data /cache
COPY --from=build /opt/engine /opt/engine
COPY --chown=trader:trader strategies /strategies
ENV PATH=/opt/engine/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    ENGINE_STATE=/state ENGINE_DATA=/data ENGINE_CACHE=/cache
USER 10001
WORKDIR /
VOLUME ["/state", "/data", "/cache", "/strategies"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["engine"]
CMD ["--help"]
