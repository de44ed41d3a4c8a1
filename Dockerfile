# Isthmus: Node 24, the sources as they are, and the packages they need. `docker build -t isthmus .`
# An npm configuration of your own, such as that of a mirror, is mounted: --secret id=npmrc,src=$HOME/.npmrc
ARG NODE_IMAGE=node:24-slim

FROM ${NODE_IMAGE} AS manifests
WORKDIR /opt/isthmus
COPY package.json package-lock.json .npmrc ./
COPY bin/image-packages.js bin/

# The console, made of its sources.
FROM manifests AS console
RUN node bin/image-packages.js vite preact uplot
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \
    npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
COPY vite.config.ts tsconfig.json ./
COPY src src
RUN node node_modules/vite/bin/vite.js build --logLevel warn

# Packages without what they bring along for those who develop them; licenses stay.
FROM manifests AS packages
RUN node bin/image-packages.js
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \
    npm ci --omit=dev --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error \
    && find node_modules -depth \( -type d \( -name test -o -name tests -o -name __tests__ -o -name benchmark \
         -o -name benchmarks -o -name example -o -name examples -o -name @types -o -name .github -o -name .vscode \) \
       -o -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.test.*' \
         -o -name '*.spec.*' -o -iname 'readme*' -o -iname 'changelog*' -o -name '.*' \) \) -exec rm -rf {} + \
    && rm -rf node_modules/.bin node_modules/.package-lock.json
COPY src src
RUN rm -rf src/console

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="Isthmus" \
      org.opencontainers.image.description="Multi-region replication and disaster recovery controller for Apache Kafka" \
      org.opencontainers.image.licenses="Apache-2.0"
# Nothing is ever installed in a container. The flags are those of bin/node.js.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
           /usr/local/bin/yarn* /opt/yarn* /root/.npm /tmp/* \
    && printf '%s\n' '#!/bin/sh' 'exec node --disable-warning=ExperimentalWarning \' \
       '  --disable-warning=TimeoutNegativeWarning --max-semi-space-size=16 --expose-gc \' \
       '  /opt/isthmus/src/main.ts "$@"' > /usr/local/bin/isthmus \
    && chmod 755 /usr/local/bin/isthmus \
    && mkdir -p /etc/isthmus /var/lib/isthmus && chown 10001:10001 /var/lib/isthmus
WORKDIR /opt/isthmus
COPY --from=packages /opt/isthmus/node_modules node_modules
COPY --from=console /opt/isthmus/dist dist
COPY LICENSE package.json ./
COPY bin/healthcheck.js bin/
COPY runbooks runbooks
COPY --from=packages /opt/isthmus/src src
ENV NODE_ENV=production
# A number, so that Kubernetes can tell that it is not root. Nothing of the file system is written to but what a
# configuration names, such as an authority of kind sqlite, best in /var/lib/isthmus.
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["node", "/opt/isthmus/bin/healthcheck.js"]
ENTRYPOINT ["isthmus"]
CMD ["run", "--config", "/etc/isthmus/isthmus.yaml"]
