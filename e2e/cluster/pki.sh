# Certificates and kubeconfigs of the local cluster. Sourced by `cluster`; everything is written under $PKI once.

PKI="$CLUSTER/pki"

new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1" 2>/dev/null; }

# certificate NAME SUBJECT [SUBJECT-ALTERNATIVE-NAMES]
certificate() {
  local name="$1" subject="$2" names="${3:-}"
  [ -s "$PKI/$name.crt" ] && return 0
  new_key "$PKI/$name.key"
  {
    echo "basicConstraints=CA:FALSE"
    echo "keyUsage=digitalSignature,keyEncipherment"
    echo "extendedKeyUsage=clientAuth,serverAuth"
    [ -z "$names" ] || echo "subjectAltName=$names"
  } >"$PKI/$name.ext"
  openssl req -new -key "$PKI/$name.key" -subj "$subject" 2>/dev/null \
    | openssl x509 -req -CA "$PKI/ca.crt" -CAkey "$PKI/ca.key" -CAcreateserial -days 365 \
      -extfile "$PKI/$name.ext" -out "$PKI/$name.crt.partial" 2>/dev/null
  mv "$PKI/$name.crt.partial" "$PKI/$name.crt"
}

# kubeconfig_for NAME FILE: the certificates are embedded, so that the file can be carried elsewhere.
kubeconfig_for() {
  local name="$1" file="$2"
  [ -s "$file" ] && return 0
  cat >"$file.partial" <<YAML
apiVersion: v1
kind: Config
current-context: waf-local
clusters:
- name: waf-local
  cluster:
    server: https://127.0.0.1:$API_PORT
    certificate-authority-data: $(base64 -w0 <"$PKI/ca.crt")
contexts:
- name: waf-local
  context: {cluster: waf-local, user: $name}
users:
- name: $name
  user:
    client-certificate-data: $(base64 -w0 <"$PKI/$name.crt")
    client-key-data: $(base64 -w0 <"$PKI/$name.key")
YAML
  chmod 600 "$file.partial"
  mv "$file.partial" "$file"
}

create_pki() {
  mkdir -p "$PKI"
  chmod 700 "$PKI"
  if [ ! -s "$PKI/ca.crt" ]; then
    new_key "$PKI/ca.key"
    openssl req -x509 -new -key "$PKI/ca.key" -subj "/CN=waf-local-ca" -days 365 -out "$PKI/ca.crt.partial" 2>/dev/null
    mv "$PKI/ca.crt.partial" "$PKI/ca.crt"
  fi
  [ -s "$PKI/service-accounts.key" ] || openssl genrsa -out "$PKI/service-accounts.key" 2048 2>/dev/null
  certificate apiserver "/CN=kube-apiserver" "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,\
DNS:kubernetes.default.svc.$CLUSTER_DOMAIN,DNS:localhost,IP:127.0.0.1,IP:$NODE_IP,IP:$API_SERVICE_IP"
  certificate kubelet-client "/O=system:masters/CN=kube-apiserver-kubelet-client"
  certificate admin "/O=system:masters/CN=admin"
  certificate controller-manager "/CN=system:kube-controller-manager"
  certificate scheduler "/CN=system:kube-scheduler"
  certificate proxy "/CN=system:kube-proxy"
  certificate node "/O=system:nodes/CN=system:node:$NODE_NAME"
  kubeconfig_for admin "$CLUSTER/kubeconfig"
  local name
  for name in controller-manager scheduler proxy node; do kubeconfig_for "$name" "$PKI/$name.kubeconfig"; done
}
