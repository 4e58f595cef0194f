#!/bin/sh
# The password comes as a secret and its digest into the list of users, so that no file of ours knows either.
set -eu
password=$(cat /run/secrets/redis_password)
# The digest of nothing would let everybody in.
[ -n "$password" ] || { echo 'the secret redis_password is empty' >&2; exit 1; }
digest=$(printf %s "$password" | sha256sum | cut -d ' ' -f 1)
umask 077
sed "s/PASSWORD_SHA256/$digest/" /etc/redis/users.acl >/tmp/users.acl
exec redis-server /etc/redis/redis.conf "$@"
