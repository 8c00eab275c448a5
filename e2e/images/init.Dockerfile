# The init container of capture mode redirect: iptables in the pod's own network namespace. BASE holds sh and
# iptables; name it by digest.
ARG BASE
FROM ${BASE}
COPY waf-redirect /usr/local/bin/waf-redirect
COPY sbom/ /usr/share/sbom/
# Root, said aloud: a capability that was added reaches no other user. Everything but NET_ADMIN is dropped by the pod.
USER 0:0
ENTRYPOINT ["/usr/local/bin/waf-redirect"]
