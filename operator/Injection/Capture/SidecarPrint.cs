using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using WafOperator.Injection.Containers;
using WafOperator.Resources;

namespace WafOperator.Injection.Capture;

/// <summary>
/// The print of an injected sidecar: a hash over what makes it what it is, read from the pod itself, so that a pod that
/// was changed no longer has the print that was written when it was injected. It leaves out what the cluster and other
/// webhooks may write (probes, defaults, resources, tags that become digests, a service account's token). Pure.
/// </summary>
public static class SidecarPrint
{
    /// <summary>Hexadecimal digits of a print.</summary>
    public const int Length = 16;

    /// <summary>
    /// The print; null for a pod without a sidecar, or with one (or a redirect) whose program, environment or files are
    /// not its own.
    /// </summary>
    public static string? Of(JsonObject pod)
    {
        var view = new PodView(pod);
        var (place, sidecar) = Find(view, WellKnown.SidecarContainer);
        if (sidecar is null || !OwnContainers.IsSidecar(view, sidecar, OwnVariables(sidecar))) return null;
        var (initPlace, redirect) = Find(view, WellKnown.InitContainer);
        if (redirect is not null && !OwnContainers.IsRedirect(initPlace, redirect)) return null;
        var text = new StringBuilder(place).Append('\n').Append(RepositoryOf(ImageOf(sidecar)))
            .Append('\n').Append(PodView.Text(sidecar, "restartPolicy"))
            .Append('\n').Append(sidecar["lifecycle"]?.ToJsonString());
        foreach (var variable in OwnVariables(sidecar).OrderBy(v => PodView.Text(v, "name"), StringComparer.Ordinal))
        {
            text.Append('\n').Append(PodView.Text(variable, "name")).Append('=').Append(PodView.Text(variable, "value"))
                .Append('|').Append(PodView.Text(variable["valueFrom"]?["fieldRef"], "fieldPath"));
        }

        if (redirect is not null)
        {
            text.Append('\n').Append(RepositoryOf(ImageOf(redirect)))
                .Append('\n').Append(redirect["args"]?.ToJsonString())
                .Append('\n').Append(redirect["command"]?.ToJsonString());
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..Length];
    }

    /// <summary>The container of that name, and the list it is in.</summary>
    internal static (string Place, JsonObject? Container) Find(PodView pod, string name)
    {
        var container = pod.Containers.FirstOrDefault(IsIt);
        return container is not null ? ("containers", container)
            : ("initContainers", pod.InitContainers.FirstOrDefault(IsIt));

        bool IsIt(JsonObject candidate) => PodView.Text(candidate, "name") == name;
    }

    internal static string ImageOf(JsonObject container) => PodView.Text(container, "image") ?? "";

    /// <summary>An image's name without tag and digest; a port of its registry stays.</summary>
    internal static string RepositoryOf(string image)
    {
        var name = image.Split('@')[0];
        var colon = name.LastIndexOf(':');
        return colon > name.LastIndexOf('/') ? name[..colon] : name;
    }

    private static IEnumerable<JsonObject> OwnVariables(JsonObject sidecar) => PodView.Objects(sidecar["env"])
        .Where(v => PodView.Text(v, "name") is { } name
            && (name.StartsWith("WAF_", StringComparison.OrdinalIgnoreCase)
                || SidecarContainer.Variables.Contains(name, StringComparer.Ordinal)));
}
