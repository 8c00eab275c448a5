# Starts and stops the programs of the local cluster. Sourced by `cluster`.

LOGS="$CLUSTER/log"
PIDS="$CLUSTER/pid"

# A pid file holds the process id and its start time, so that a re-used id is never taken for ours.
# Nothing for a process that has ended and only waits to be reaped.
started_at() { awk '$3 != "Z" {print $22}' "/proc/$1/stat" 2>/dev/null; }

running() {
  local pid at
  [ -s "$PIDS/$1" ] || return 1
  read -r pid at <"$PIDS/$1"
  [ -n "$at" ] && [ "$(started_at "$pid")" = "$at" ]
}

# launch NAME COMMAND...: in a session of its own, without our open files (a lock must not outlive this script).
launch() {
  local name="$1" pid descriptor
  shift
  running "$name" && return 0
  mkdir -p "$LOGS" "$PIDS"
  (
    for descriptor in /proc/"$BASHPID"/fd/*; do
      descriptor="${descriptor##*/}"
      [ "$descriptor" -le 2 ] || eval "exec $descriptor>&-" 2>/dev/null || true
    done
    exec setsid -f "$SCRIPTS/run-as-daemon" "$PIDS/$name" "$@" </dev/null >>"$LOGS/$name.log" 2>&1
  )
  for _ in $(seq 100); do running "$name" && return 0; sleep 0.05; done
  fail "$name did not start (log: $LOGS/$name.log)"
}

# halt NAME [SECONDS]: TERM, then KILL after the given time, to the program and what it started in its session.
halt() {
  local name="$1" patience="${2:-10}" pid
  if running "$name"; then
    read -r pid _ <"$PIDS/$name"
    kill -TERM -- "-$pid" 2>/dev/null || kill -TERM "$pid" 2>/dev/null || true
    for _ in $(seq $((patience * 10))); do running "$name" || break; sleep 0.1; done
    if running "$name"; then kill -KILL -- "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null || true; fi
  fi
  rm -f "$PIDS/$name"
}

# wait_until SECONDS TEXT COMMAND...
wait_until() {
  local patience="$1" what="$2" deadline
  shift 2
  deadline=$(( $(date +%s) + patience ))
  until "$@" >/dev/null 2>&1; do
    [ "$(date +%s)" -lt "$deadline" ] || return 1
    sleep 0.3
  done
}

start_etcd() {
  launch etcd etcd --name local --data-dir "$CLUSTER/etcd" --logger zap --log-level warn \
    --listen-client-urls "http://127.0.0.1:$ETCD_PORT" --advertise-client-urls "http://127.0.0.1:$ETCD_PORT" \
    --listen-peer-urls "http://127.0.0.1:$ETCD_PEER_PORT" --initial-advertise-peer-urls "http://127.0.0.1:$ETCD_PEER_PORT" \
    --initial-cluster "local=http://127.0.0.1:$ETCD_PEER_PORT"
  wait_until 30 etcd curl -fsS "http://127.0.0.1:$ETCD_PORT/health" || fail "etcd is not healthy (log: $LOGS/etcd.log)"
}

start_apiserver() {
  launch kube-apiserver "$BIN/kube-apiserver" \
    --etcd-servers "http://127.0.0.1:$ETCD_PORT" --bind-address 0.0.0.0 --secure-port "$API_PORT" \
    --advertise-address "$NODE_IP" --service-cluster-ip-range "$SERVICE_RANGE" --allow-privileged \
    --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction --profiling=false \
    --client-ca-file "$PKI/ca.crt" --tls-cert-file "$PKI/apiserver.crt" --tls-private-key-file "$PKI/apiserver.key" \
    --kubelet-client-certificate "$PKI/kubelet-client.crt" --kubelet-client-key "$PKI/kubelet-client.key" \
    --kubelet-preferred-address-types InternalIP \
    --service-account-issuer "https://kubernetes.default.svc.$CLUSTER_DOMAIN" \
    --service-account-key-file "$PKI/service-accounts.key" --service-account-signing-key-file "$PKI/service-accounts.key"
  wait_until 90 apiserver api_ready || fail "the API server is not ready (log: $LOGS/kube-apiserver.log)"
}

api_ready() { kubectl --kubeconfig "$CLUSTER/kubeconfig" get --raw /readyz; }

start_controllers() {
  launch kube-controller-manager "$BIN/kube-controller-manager" --kubeconfig "$PKI/controller-manager.kubeconfig" \
    --authentication-kubeconfig "$PKI/controller-manager.kubeconfig" \
    --authorization-kubeconfig "$PKI/controller-manager.kubeconfig" \
    --port 0 --secure-port 0 --leader-elect=false --use-service-account-credentials --profiling=false \
    --root-ca-file "$PKI/ca.crt" --service-account-private-key-file "$PKI/service-accounts.key" \
    --cluster-signing-cert-file "$PKI/ca.crt" --cluster-signing-key-file "$PKI/ca.key" \
    --horizontal-pod-autoscaler-sync-period 60s
  launch kube-scheduler "$BIN/kube-scheduler" --kubeconfig "$PKI/scheduler.kubeconfig" \
    --authentication-kubeconfig "$PKI/scheduler.kubeconfig" --authorization-kubeconfig "$PKI/scheduler.kubeconfig" \
    --port 0 --secure-port 0 --leader-elect=false --profiling=false
}

write_node_configuration() {
  mkdir -p "$CLUSTER/cni" "$CLUSTER/kubelet"
  cat >"$CLUSTER/cni/10-waf.conflist" <<JSON
{
  "cniVersion": "0.4.0",
  "name": "waf-local",
  "plugins": [
    {
      "type": "bridge", "bridge": "$BRIDGE", "isGateway": true, "ipMasq": true, "hairpinMode": true,
      "ipam": {"type": "host-local", "dataDir": "$CLUSTER/cni-addresses", "ranges": [[{"subnet": "$POD_RANGE", "rangeStart": "$POD_FIRST", "gateway": "$NODE_IP"}]],
               "routes": [{"dst": "0.0.0.0/0"}]}
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
JSON
  cat >"$CLUSTER/containerd.toml" <<TOML
version = 2
root = "$CLUSTER/containerd"
state = "$RUN/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "$RUN/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "$CLUSTER/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$PAUSE_IMAGE"
  disable_apparmor = true
  # Without the capability CAP_SYS_RESOURCE (virtual machines, nested containers) runc cannot lower the score.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$CLUSTER/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
TOML
  cat >"$CLUSTER/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
port: $KUBELET_PORT
readOnlyPort: 0
healthzPort: 0
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: false}
  x509: {clientCAFile: $PKI/ca.crt}
authorization: {mode: AlwaysAllow}
clusterDNS: [$NODE_IP]
clusterDomain: $CLUSTER_DOMAIN
cgroupDriver: cgroupfs
cgroupRoot: /
enforceNodeAllocatable: []
failSwapOn: false
# A developer's machine may be nearly full: the cluster must not evict its own pods for that.
evictionHard: {memory.available: "50Mi", nodefs.available: "1%", nodefs.inodesFree: "1%", imagefs.available: "1%"}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
oomScoreAdj: 0
registerNode: true
nodeStatusUpdateFrequency: 4s
kubeAPIQPS: 50
kubeAPIBurst: 100
eventRecordQPS: 20
YAML
}

start_node() {
  write_node_configuration
  mkdir -p "$RUN"
  launch containerd containerd --config "$CLUSTER/containerd.toml"
  wait_until 30 containerd ctr -a "$RUN/containerd.sock" version || fail "containerd is not ready (log: $LOGS/containerd.log)"
  import_pause_image
  launch kubelet "$BIN/kubelet" --config "$CLUSTER/kubelet.yaml" --kubeconfig "$PKI/node.kubeconfig" \
    --hostname-override "$NODE_NAME" --node-ip "$NODE_IP" --root-dir "$CLUSTER/kubelet" --cert-dir "$CLUSTER/kubelet/pki" \
    --container-runtime remote --container-runtime-endpoint "unix://$RUN/containerd.sock" --runtime-cgroups / --kubelet-cgroups /
  launch kube-proxy "$BIN/kube-proxy" --kubeconfig "$PKI/proxy.kubeconfig" --hostname-override "$NODE_NAME" \
    --proxy-mode iptables --cluster-cidr "$POD_RANGE" --healthz-bind-address 127.0.0.1:11256 --metrics-bind-address 127.0.0.1:11249 \
    --conntrack-max-per-core 0 --conntrack-tcp-timeout-established 0s --conntrack-tcp-timeout-close-wait 0s \
    --oom-score-adj 0 --iptables-sync-period 30s
}

# No image registry here: the sandbox image is one static program.
import_pause_image() {
  ctr -a "$RUN/containerd.sock" -n k8s.io images ls -q 2>/dev/null | grep -qx "$PAUSE_IMAGE" && return 0
  local archive="$WAF_CACHE/pause-1.tar"
  if [ ! -s "$archive" ]; then
    local work="$WAF_CACHE/pause-build"
    mkdir -p "$work"
    GO111MODULE=off CGO_ENABLED=0 GOCACHE="$WAF_CACHE/go-build" go build -ldflags "-s -w" -o "$work/pause" "$SCRIPTS/pause.go"
    printf 'FROM scratch\nCOPY pause /pause\nUSER 65535:65535\nENTRYPOINT ["/pause"]\n' >"$work/Dockerfile"
    . "$SCRIPTS/../images/buildah.sh"
    local_buildah bud --isolation chroot -q -t "$PAUSE_IMAGE" "$work" >"$work/log" 2>&1 \
      && local_buildah push -q "$PAUSE_IMAGE" "oci-archive:$archive.partial:$PAUSE_IMAGE" >>"$work/log" 2>&1 \
      || { tail -n 5 "$work/log" >&2; fail "could not build the pause image"; }
    mv "$archive.partial" "$archive"
  fi
  ctr -a "$RUN/containerd.sock" -n k8s.io images import "$archive" >/dev/null
}

start_dns() {
  mkdir -p "$CLUSTER/dns"
  touch "$CLUSTER/dns/hosts"
  launch dnsmasq dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file= --user=root --no-hosts \
    --listen-address="$NODE_IP" --bind-interfaces --port=53 --addn-hosts="$CLUSTER/dns/hosts" \
    --local="/$CLUSTER_DOMAIN/" --no-negcache --local-ttl=1 --log-facility=-
  launch dns-sync "$SCRIPTS/dns-sync" "$CLUSTER/kubeconfig" "$CLUSTER/dns/hosts" "$PIDS/dnsmasq" "$CLUSTER_DOMAIN"
}
