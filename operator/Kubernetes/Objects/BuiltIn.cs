namespace WafOperator.Kubernetes.Objects;

/// <summary>The resource types of Kubernetes itself that an operator meets, read as JSON trees.</summary>
public static class BuiltIn
{
    public static readonly ResourceType<KubernetesObject> Pods = Namespaced("", "v1", "pods", "Pod");
    public static readonly ResourceType<KubernetesObject> Services = Namespaced("", "v1", "services", "Service");
    public static readonly ResourceType<KubernetesObject> Secrets = Namespaced("", "v1", "secrets", "Secret");
    public static readonly ResourceType<KubernetesObject> ConfigMaps = Namespaced("", "v1", "configmaps", "ConfigMap");
    public static readonly ResourceType<KubernetesObject> Events = Namespaced("", "v1", "events", "Event");

    public static readonly ResourceType<KubernetesObject> ServiceAccounts =
        Namespaced("", "v1", "serviceaccounts", "ServiceAccount");

    public static readonly ResourceType<KubernetesObject> Namespaces = Cluster("", "v1", "namespaces", "Namespace");
    public static readonly ResourceType<KubernetesObject> Nodes = Cluster("", "v1", "nodes", "Node");

    public static readonly ResourceType<KubernetesObject> Deployments =
        Namespaced("apps", "v1", "deployments", "Deployment");

    public static readonly ResourceType<KubernetesObject> ReplicaSets =
        Namespaced("apps", "v1", "replicasets", "ReplicaSet");

    public static readonly ResourceType<KubernetesObject> StatefulSets =
        Namespaced("apps", "v1", "statefulsets", "StatefulSet");

    public static readonly ResourceType<KubernetesObject> DaemonSets =
        Namespaced("apps", "v1", "daemonsets", "DaemonSet");

    public static readonly ResourceType<KubernetesObject> Jobs = Namespaced("batch", "v1", "jobs", "Job");

    public static readonly ResourceType<KubernetesObject> Leases =
        Namespaced("coordination.k8s.io", "v1", "leases", "Lease");

    public static readonly ResourceType<KubernetesObject> NetworkPolicies =
        Namespaced("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy");

    public static readonly ResourceType<KubernetesObject> CustomResourceDefinitions =
        Cluster("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition");

    public static readonly ResourceType<KubernetesObject> ValidatingWebhookConfigurations = Cluster(
        "admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration");

    public static readonly ResourceType<KubernetesObject> MutatingWebhookConfigurations = Cluster(
        "admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations", "MutatingWebhookConfiguration");

    public static readonly ResourceType<KubernetesObject> TokenReviews =
        Cluster("authentication.k8s.io", "v1", "tokenreviews", "TokenReview");

    public static readonly ResourceType<KubernetesObject> SubjectAccessReviews =
        Cluster("authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview");

    public static readonly ResourceType<KubernetesObject> SelfSubjectAccessReviews =
        Cluster("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview");

    /// <summary>Disruption budgets; <c>v1</c> from 1.21 on, <c>v1beta1</c> before (see server capabilities).</summary>
    public static ResourceType<KubernetesObject> PodDisruptionBudgets(string version = "v1") =>
        Namespaced("policy", version, "poddisruptionbudgets", "PodDisruptionBudget");

    /// <summary>Autoscalers; <c>v2</c> from 1.23 on, <c>v2beta2</c> before (see server capabilities).</summary>
    public static ResourceType<KubernetesObject> HorizontalPodAutoscalers(string version = "v2") =>
        Namespaced("autoscaling", version, "horizontalpodautoscalers", "HorizontalPodAutoscaler");

    private static ResourceType<KubernetesObject> Namespaced(
        string group, string version, string plural, string kind) =>
        new ResourceType(group, version, plural, kind, ResourceScope.Namespaced).AsJson();

    private static ResourceType<KubernetesObject> Cluster(string group, string version, string plural, string kind) =>
        new ResourceType(group, version, plural, kind, ResourceScope.Cluster).AsJson();
}
