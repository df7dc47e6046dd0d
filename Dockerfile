# The base must have Python 3.11 or newer with its venv module; pass another one with --build-arg BASE=…
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
# A mirror of the package index, for pip: --build-arg PIP_INDEX_URL=https://…/simple
ARG PIP_INDEX_URL
WORKDIR /src
# pip stays in an environment of its own: the one that is shipped has nothing that installs.
RUN python3 -m venv /pip && python3 -m venv --without-pip /opt/wx_domain_exporter
COPY requirements requirements
RUN /pip/bin/python -m pip --python /opt/wx_domain_exporter/bin/python \
      install --no-cache-dir --no-compile --only-binary=:all: --require-hashes -r requirements/run.txt
RUN /pip/bin/python -m pip install --no-cache-dir --only-binary=:all: --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY wx_domain_exporter wx_domain_exporter
# By way of a wheel: its metadata tells scanners what the image holds, and in which version.
RUN /pip/bin/python -m pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /pip/bin/python -m pip --python /opt/wx_domain_exporter/bin/python \
      install --no-cache-dir --no-compile --no-index --no-deps /wheels/*.whl \
    && /opt/wx_domain_exporter/bin/python -m compileall -q /opt/wx_domain_exporter/lib

FROM ${BASE}
ARG BASE
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="wx_domain_exporter" \
      org.opencontainers.image.description="Prometheus exporter for the domain configuration of WeChat mini programs" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="${BASE}"
COPY --from=build /opt/wx_domain_exporter /opt/wx_domain_exporter
COPY LICENSE /licenses/LICENSE
# `docker exec CONTAINER wx-domain-exporter --doctor` needs no path.
ENV PATH=/opt/wx_domain_exporter/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /etc/wx_domain_exporter
USER 65534:65534
EXPOSE 12324
HEALTHCHECK --interval=30s --timeout=5s \
  CMD ["/opt/wx_domain_exporter/bin/python", "-m", "wx_domain_exporter", "--health"]
ENTRYPOINT ["/opt/wx_domain_exporter/bin/python", "-m", "wx_domain_exporter"]
CMD ["--config.file=/etc/wx_domain_exporter/config.yml"]
