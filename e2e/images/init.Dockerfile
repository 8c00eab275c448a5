# The init container of capture mode redirect: iptables in the pod's own network namespace. BASE holds sh and iptables.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
COPY waf-redirect /usr/local/bin/waf-redirect
ENTRYPOINT ["/usr/local/bin/waf-redirect"]
