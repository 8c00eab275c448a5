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

    private const string SecretsFolder = "/var/run/secrets/";

    /// <summary>Beginnings of variables that load code into a program or point it elsewhere.</summary>
    private static readonly string[] SteeringVariables = ["LD_", "DOTNET_", "COMPlus_", "CORECLR_", "ASPNETCORE_"];

    /// <summary>
    /// The print; null for a pod without a sidecar, or with one whose program, environment or files are not its own.
    /// </summary>
    public static string? Of(JsonObject pod)
    {
        var view = new PodView(pod);
        var (place, sidecar) = Find(view, WellKnown.SidecarContainer);
        if (sidecar is null || !HasOnlyItsOwn(view, sidecar)) return null;
        var text = new StringBuilder(place).Append('\n').Append(RepositoryOf(ImageOf(sidecar)))
            .Append('\n').Append(PodView.Text(sidecar, "restartPolicy"))
            .Append('\n').Append(sidecar["lifecycle"]?.ToJsonString());
        foreach (var variable in OwnVariables(sidecar).OrderBy(v => PodView.Text(v, "name"), StringComparer.Ordinal))
        {
            text.Append('\n').Append(PodView.Text(variable, "name")).Append('=').Append(PodView.Text(variable, "value"))
                .Append('|').Append(PodView.Text(variable["valueFrom"]?["fieldRef"], "fieldPath"));
        }

        if (Find(view, WellKnown.InitContainer) is (_, { } init))
        {
            text.Append('\n').Append(RepositoryOf(ImageOf(init))).Append('\n').Append(init["args"]?.ToJsonString())
                .Append('\n').Append(init["command"]?.ToJsonString());
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

    private static bool HasOnlyItsOwn(PodView pod, JsonObject sidecar)
    {
        if (sidecar["command"] is not null || sidecar["args"] is not null) return false;
        if (PodView.Objects(sidecar["envFrom"]).Count > 0) return false;
        var names = PodView.Objects(sidecar["env"]).Select(v => PodView.Text(v, "name") ?? "").ToList();
        var own = OwnVariables(sidecar).Select(v => PodView.Text(v, "name")).ToList();
        // The last of two variables of one name is the one that holds.
        if (own.Distinct(StringComparer.Ordinal).Count() != own.Count) return false;
        if (names.Except(SidecarContainer.Variables, StringComparer.Ordinal).Any(name => SteeringVariables
            .Any(start => name.StartsWith(start, StringComparison.OrdinalIgnoreCase)))) return false;
        return HasOnlyItsVolumes(pod, sidecar);
    }

    /// <summary>Its two volumes are mounted where they belong and nowhere else; others bring secrets only.</summary>
    private static bool HasOnlyItsVolumes(PodView pod, JsonObject sidecar)
    {
        var mounts = PodView.Objects(sidecar["volumeMounts"])
            .Select(m => (Name: PodView.Text(m, "name"), Path: PodView.Text(m, "mountPath") ?? "")).ToList();
        var others = mounts.Where(m => !SidecarContainer.Mounts.Contains((m.Name ?? "", m.Path))).ToList();
        return mounts.Count - others.Count == SidecarContainer.Mounts.Count
            && others.TrueForAll(m => m.Path.StartsWith(SecretsFolder, StringComparison.Ordinal)
                && !m.Path.Contains("..", StringComparison.Ordinal)
                && !SidecarContainer.Mounts.Any(own => m.Name == own.Volume
                    || (m.Path + "/").StartsWith(own.Folder + "/", StringComparison.Ordinal)))
            && SidecarContainer.Mounts.All(own => pod.Mounts(own.Volume, except: sidecar) is false);
    }

    private static IEnumerable<JsonObject> OwnVariables(JsonObject sidecar) => PodView.Objects(sidecar["env"])
        .Where(v => PodView.Text(v, "name") is { } name
            && (name.StartsWith("WAF_", StringComparison.OrdinalIgnoreCase)
                || SidecarContainer.Variables.Contains(name, StringComparer.Ordinal)));
}
