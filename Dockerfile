FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY gateway gateway
COPY adapters adapters
RUN python -m venv --without-pip /opt/gateway \
 && pip --python /opt/gateway/bin/python install --no-cache-dir '.[all]'

FROM python:3.13-slim
COPY --from=build /opt/gateway /opt/gateway
RUN useradd --uid 10001 --create-home --home-dir /data gateway
ENV PATH=/opt/gateway/bin:$PATH PYTHONUNBUFFERED=1 GATEWAY_DATA_DIR=/data
USER gateway
# config.json and all state are here
VOLUME /data
WORKDIR /data
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s CMD ["gateway", "status"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["gateway"]
CMD ["run"]
