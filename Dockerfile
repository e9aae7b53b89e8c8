# The production server. Give it DATABASE_URL (PostgreSQL 15 or newer), PORTNER_ISSUER and PORTNER_SECRET_KEY.
FROM node:24-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build

FROM node:24-trixie-slim
ENV NODE_ENV=production PORTNER_DATA_DIR=/var/lib/portner
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No embedded database in here: --omit=optional leaves its programs out.
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force
COPY --from=build /app/dist ./dist
COPY views ./views
COPY LICENSE ./
# Written only for a loopback issuer without PORTNER_SECRET_KEY; everything else works on a read-only root file system.
RUN install -d -o node -g node -m 0700 /var/lib/portner
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["node", "dist/src/main.js", "healthcheck"]
ENTRYPOINT ["node", "dist/src/main.js"]
CMD ["serve"]
