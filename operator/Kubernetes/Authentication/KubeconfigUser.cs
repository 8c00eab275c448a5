using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace WafOperator.Kubernetes.Authentication;

/// <summary>Turns a user entry of a kubeconfig into a credential source.</summary>
internal static class KubeconfigUser
{
    public static ICredentialSource Credentials(KubeconfigEntry user, TimeProvider time)
    {
        if (user.Body["exec"] is JsonObject exec) return new ExecCredentials(Plugin(user, exec), time);
        if (user.Body["auth-provider"] is not null)
            throw new KubeconfigException(
                $"{user.Where}: auth-provider was removed from Kubernetes in 1.26. Next: switch to an exec plug-in");
        if (user.Text("as") is { Length: > 0 })
            throw new KubeconfigException(
                $"{user.Where}: impersonation (as) is not supported. Next: use a user of its own");
        var certificate = Certificate(user);
        if (user.Text("token") is { Length: > 0 } token)
            return new StaticCredentials(new Credential($"Bearer {Header(user, token)}", certificate));
        if (user.FilePath("tokenFile") is { } file) return new TokenFileCredentials(file, certificate, time);
        if (user.Text("username") is { Length: > 0 } name)
        {
            var pair = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{user.Text("password")}"));
            return new StaticCredentials(new Credential($"Basic {pair}", certificate));
        }

        return new StaticCredentials(new Credential(null, certificate));
    }

    private static X509Certificate2? Certificate(KubeconfigEntry user)
    {
        var certificate = user.Pem("client-certificate");
        var key = user.Pem("client-key");
        if (certificate is null && key is null) return null;
        if (certificate is null || key is null)
            throw new KubeconfigException(
                $"{user.Where}: a client certificate needs both client-certificate and client-key");
        return PemFiles.ClientCertificate(certificate, key, user.Where);
    }

    private static string Header(KubeconfigEntry user, string token) => token.AsSpan().IndexOfAnyInRange('\0', ' ') < 0
        ? token
        : throw new KubeconfigException($"{user.Where}: token holds white space");

    private static ExecPlugin Plugin(KubeconfigEntry user, JsonObject exec)
    {
        var where = new KubeconfigEntry("exec plug-in of user", user.Where, "", exec);
        var version = where.Text("apiVersion");
        if (version is not ("client.authentication.k8s.io/v1" or "client.authentication.k8s.io/v1beta1"))
            throw new KubeconfigException(
                $"{user.Where}: exec.apiVersion must be client.authentication.k8s.io/v1 or /v1beta1");
        var command = where.Text("command") is { Length: > 0 } c
            ? c
            : throw new KubeconfigException($"{user.Where}: exec.command is missing");
        // A bare name is searched on the PATH, a relative path is relative to the kubeconfig.
        if (command.Contains('/', StringComparison.Ordinal)) command = user.Resolve(command);
        return new ExecPlugin(command, version)
        {
            Arguments = [.. where.List("args").Select(a => a is JsonValue text
                ? text.GetValue<string>()
                : throw new KubeconfigException($"{user.Where}: exec.args must be a list of text"))],
            Environment = [.. where.List("env").Select(e => e is JsonObject pair
                ? (where.With(pair).Required("name"), where.With(pair).Text("value") ?? "")
                : throw new KubeconfigException($"{user.Where}: exec.env must be a list of names and values"))],
            InstallHint = where.Text("installHint"),
        };
    }
}
