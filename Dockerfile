# The image of api, controller, dispatcher, database and `paaks`: manifests/ says which container runs what.
#   docker build -t paaks:0.1.0 .
# BASE as in runtime/Dockerfile: a push is checked with the Python that its handlers run on.
ARG BASE=python:3.12-slim

FROM ${BASE} AS packages
# Where this machine has an index or a certificate authority of its own; not kept in the image.
ARG PIP_INDEX_URL
ARG PIP_CERT
COPY requirements.lock /build/requirements.lock
RUN python3 -m venv --without-pip /opt/paaks \
 && python3 -m pip --python /opt/paaks/bin/python3 install --no-cache-dir --disable-pip-version-check \
    --require-hashes --only-binary :all: -r /build/requirements.lock
COPY . /opt/paaks/source
RUN python3 -m pip --python /opt/paaks/bin/python3 install --no-cache-dir --disable-pip-version-check \
    --no-index --no-deps --no-build-isolation --editable /opt/paaks/source \
 && /opt/paaks/bin/python3 -m compileall -q /opt/paaks/source

FROM ${BASE}
# PostgreSQL looks its user up by number.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && echo 'paaks:x:65532:' >> /etc/group \
 && echo 'paaks:x:65532:65532::/tmp:/usr/sbin/nologin' >> /etc/passwd
COPY --from=packages /opt/paaks /opt/paaks
ENV PATH=/opt/paaks/bin:/usr/local/bin:/usr/bin:/bin \
    LANG=C.UTF-8 \
    HOME=/tmp \
    MALLOC_ARENA_MAX=2 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /opt/paaks/source
USER 65532:65532
CMD ["paaks", "--help"]
