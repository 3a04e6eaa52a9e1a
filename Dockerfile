# The image of every role: docker build -t instagrpc/insta:0.1.0 .
# The chart starts it with `serve --roles ROLE`, its hook Job with `migrate`.
ARG DEBIAN=bookworm-slim
ARG NODE=22-bookworm-slim

FROM node:${NODE} AS node

# What `./insta publish` makes; a test of the checkout runs just that, in a folder that is laid out as this image.
FROM debian:${DEBIAN} AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends bash ca-certificates curl procps \
    && rm -rf /var/lib/apt/lists/* \
    && curl -fsSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0 --install-dir /usr/share/dotnet \
    && ln -s /usr/share/dotnet/dotnet /usr/local/bin/dotnet
COPY --from=node /usr/local /usr/local
ENV DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
WORKDIR /src
COPY . .
RUN ./insta publish /image

FROM debian:${DEBIAN}
# The two native libraries: Kafka's client, and the decoder of HEIC (npm's build, the quicker one for all else, is in /app/libvips).
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates librdkafka1 libstdc++6 libvips42 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /image/ /
ENV INSTA_LIBVIPS=/app/libvips MALLOC_ARENA_MAX=2 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_EnableDiagnostics=0
# Nobody in particular; nothing but /tmp is written, so the root may be read-only.
USER 10001:10001
WORKDIR /tmp
EXPOSE 7070 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["/app/insta"]
CMD ["serve", "--roles", "all"]
