# Puts the product into a cluster: chooses the cluster, builds and loads images, applies the charts. Sourced by ./demo, by
# ./test and by the scenarios.

E2E="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
LOCAL_KUBECONFIG="${WAF_CLUSTER_DIR:-/var/lib/waf-operator/cluster}/kubeconfig"
OPERATOR_NAMESPACE=waf-system
IMAGE_PREFIX=registry.local/waf-operator
CHANGED_IMAGES=""
CLUSTER_KIND=""

# retry HALF-SECONDS COMMAND...
retry() {
  local patience="$1" i
  shift
  for ((i = 0; i < patience; i++)); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.5
  done
  return 1
}

# Sets CLUSTER_KIND to local, kind:NAME, k3d:NAME or other, and KUBECONFIG.
choose_cluster() {
  if [ -z "${KUBECONFIG:-}" ] || [ "$KUBECONFIG" = "$LOCAL_KUBECONFIG" ]; then
    "$E2E/cluster/cluster" up
    export KUBECONFIG="$LOCAL_KUBECONFIG"
    CLUSTER_KIND=local
    return 0
  fi
  command -v kubectl >/dev/null 2>&1 || fail "kubectl is needed to use the cluster of KUBECONFIG=$KUBECONFIG"
  local context problem
  context="$(kubectl config current-context 2>/dev/null)" || fail "KUBECONFIG=$KUBECONFIG has no current context (kubectl config use-context NAME)"
  problem="$(kubectl get --raw /version --request-timeout=10s 2>&1 >/dev/null)" \
    || fail "the cluster of KUBECONFIG=$KUBECONFIG cannot be reached: $problem. Unset KUBECONFIG to use a local cluster."
  case "$context" in
    kind-*) CLUSTER_KIND="kind:${context#kind-}" ;;
    k3d-*) CLUSTER_KIND="k3d:${context#k3d-}" ;;
    *) CLUSTER_KIND=other ;;
  esac
  step "using the cluster of context $context"
}

server_version() { kubectl get --raw /version | sed -n 's/.*"gitVersion": *"\([^"]*\)".*/\1/p'; }

load_product_images() {
  local target=()
  case "$CLUSTER_KIND" in
    local | kind:* | k3d:*) target=(--load "$CLUSTER_KIND") ;;
    other) [ -n "${REGISTRY:-}" ] || fail "this cluster is neither kind nor k3d: say where it pulls from with --registry HOST/PATH" ;;
  esac
  if [ -n "${REGISTRY:-}" ]; then
    target=(--registry "$REGISTRY")
    IMAGE_PREFIX="${REGISTRY%/}"
  fi
  CHANGED_IMAGES="$("$E2E/images/build" "${target[@]}" operator sidecar init shop ${EXTRA_IMAGES:-} | tr '\n' ' ')"
}

apply_manifests() { kubectl apply --server-side --force-conflicts --field-manager=waf-install -f - >/dev/null; }
apply_in() { kubectl -n "$1" apply -f "$2"; }

# Namespaces have to be labelled where the API server cannot leave pods out by annotation.
allow_namespace() {
  kubectl create namespace "$1" >/dev/null 2>&1 || true
  kubectl label namespace "$1" wafoperator.dev/injection=enabled --overwrite >/dev/null
}

# operator_values: more options for the chart, for example (--set replicas=1).
install_product() {
  load_product_images
  step "applying the kinds"
  "$E2E/../charts/helm-template" waf-crds "$E2E/../charts/waf-crds" --kube-version "$(server_version)" | apply_manifests
  # A kind that is younger than its first status makes kubectl wait fail at once.
  retry 30 kubectl wait --for=condition=Established crd/wafpolicies.wafoperator.dev --timeout=30s >/dev/null 2>&1 \
    || fail "the API server does not serve the kinds: kubectl describe crd wafpolicies.wafoperator.dev"
  step "applying the operator"
  kubectl create namespace "$OPERATOR_NAMESPACE" >/dev/null 2>&1 || true
  "$E2E/../charts/helm-template" waf "$E2E/../charts/waf-operator" -n "$OPERATOR_NAMESPACE" \
    --kube-version "$(server_version)" --set "images.registry=$IMAGE_PREFIX" --set images.tag=dev ${operator_values[@]+"${operator_values[@]}"} | apply_manifests
  case " $CHANGED_IMAGES" in
    *" operator "*) kubectl -n "$OPERATOR_NAMESPACE" rollout restart deployment/waf-operator >/dev/null ;;
  esac
  if ! kubectl -n "$OPERATOR_NAMESPACE" rollout status deployment/waf-operator --timeout=120s >/dev/null; then
    kubectl -n "$OPERATOR_NAMESPACE" get pods >&2
    kubectl -n "$OPERATOR_NAMESPACE" logs -l app.kubernetes.io/component=operator --tail=15 >&2 || true
    fail "the operator is not ready"
  fi
  # What a Deployment says of itself may be older than a crash of the node: a policy has to get through the webhook.
  retry 120 webhook_answers || fail "the operator's webhook does not answer: $(webhook_answers 2>&1 | tail -n 1)"
}

webhook_answers() {
  kubectl -n "$OPERATOR_NAMESPACE" apply --dry-run=server -f "$E2E/manifests/wafpolicy.yaml"
}

remove_product() {
  kubectl delete mutatingwebhookconfiguration,validatingwebhookconfiguration waf-operator --ignore-not-found >/dev/null
  kubectl delete namespace "$OPERATOR_NAMESPACE" --ignore-not-found --timeout=120s >/dev/null
  kubectl delete clusterrole,clusterrolebinding -l app.kubernetes.io/name=waf-operator --ignore-not-found >/dev/null
  kubectl get crd -o name | { grep '\.wafoperator\.dev$' || true; } | xargs -r kubectl delete --timeout=60s >/dev/null
}
