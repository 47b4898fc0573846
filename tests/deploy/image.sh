#!/bin/sh
# Builds the image of deploy/Dockerfile without a container engine, a daemon or a registry, and runs
# commands in it. Wants root, Debian's buildah and mmdebstrap, and a Debian mirror.
#   image.sh build FOLDER               the base from the distribution's packages, then the image
#   image.sh run FOLDER [NAME=VALUE…] -- COMMAND…   in a container of the image that is removed after
# All that is made stands in FOLDER; the container shares the network of whoever runs it.
set -eu
action=$1
folder=$2
shift 2
here=$(CDPATH='' cd -- "$(dirname "$0")/../.." && pwd)
certificates=/etc/ssl/certs

stored() {
    buildah --root "$folder/images" --runroot "$folder/run" --storage-driver vfs "$@"
}

# In the place of python:3.13-slim: the same Debian and the same Python, from Debian's own packages.
# That image lets pip install into its Python; Debian's marker, which forbids it, is removed.
base() {
    mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/debian.sources | head -n 1)
    mmdebstrap --quiet --variant=minbase \
        --include=python3,python3-venv,python3-pip,python-is-python3,ca-certificates \
        --customize-hook='rm "$1"/usr/lib/python3.*/EXTERNALLY-MANAGED' \
        trixie "$folder/base.tar" "$mirror"
    empty=$(stored from scratch)
    stored add --quiet "$empty" "$folder/base.tar" /
    stored commit --quiet --rm "$empty" localhost/python:trixie
    rm "$folder/base.tar"
}

build() {
    base
    # The builder trusts whom this machine trusts, and asks the package index that it asks.
    set -- --volume "$certificates:$certificates:ro"
    [ ! -f /etc/pip.conf ] || set -- "$@" --volume /etc/pip.conf:/etc/pip.conf:ro
    [ -z "${PIP_CERT:-}" ] || set -- "$@" --env "PIP_CERT=$PIP_CERT"
    stored bud --quiet --format docker --isolation chroot --pull-never \
        --build-arg BASE=localhost/python:trixie \
        "$@" --file "$here/deploy/Dockerfile" --tag localhost/trucewatch:test "$here"
}

run() {
    container=$(stored from --pull-never localhost/trucewatch:test)
    while [ "$1" != -- ]; do
        stored config --env "$1" "$container"
        shift
    done
    shift
    stored run --isolation chroot "$container" -- "$@" && code=0 || code=$?
    stored rm "$container" >"$folder/removed.log"
    return "$code"
}

"$action" "$@"
