using System.CommandLine;
using Microsoft.AspNetCore.Connections;
using WafOperator.Kubernetes;

namespace WafOperator.Operator.Host;

/// <summary>The operator's command line.</summary>
internal static class OperatorCommand
{
    public static RootCommand Build(Func<OperatorOptions, CancellationToken, Task<int>> run)
    {
        var root = new RootCommand("WAF Operator: injects and programs web application firewall sidecars.");
        root.Add(RunCommand(run));
        root.Add(CompileCommand.Build());
        return root;
    }

    /// <summary>
    /// Runs what the arguments say. Expected failures are one line on the error output and an exit status; anything else
    /// is a bug, and shows its stack trace.
    /// </summary>
    public static async Task<int> InvokeAsync(
        string[] arguments, Func<OperatorOptions, CancellationToken, Task<int>> run, TextWriter errors)
    {
        // The library's own handler would print the stack trace of expected failures as well.
        var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, Error = errors };
        try
        {
            return await Build(run).Parse(arguments).InvokeAsync(invocation);
        }
        catch (KubernetesException failure)
        {
            await errors.WriteLineAsync($"waf-operator: {failure.Message}");
            return 1;
        }
        catch (FormatException failure)
        {
            await errors.WriteLineAsync($"waf-operator: {failure.Message}");
            return 1;
        }
        catch (IOException failure) when (failure.InnerException is AddressInUseException)
        {
            await errors.WriteLineAsync(
                $"waf-operator: {failure.Message} "
                + "Next: choose another port (waf-operator run --help), or end what holds it");
            return 1;
        }
    }

    private static Command RunCommand(Func<OperatorOptions, CancellationToken, Task<int>> run)
    {
        var ns = Text("--namespace", "The operator's own namespace.", Environment.GetEnvironmentVariable("POD_NAMESPACE") ?? "waf-system");
        var identity = Text("--identity", "Name of this replica.", Environment.GetEnvironmentVariable("POD_NAME") ?? Environment.MachineName);
        var sidecar = Text("--sidecar-image", "Image of the sidecar that is injected.", "registry.local/waf-operator/sidecar:dev");
        var init = Text("--init-image", "Image of the init container that redirects traffic.", "registry.local/waf-operator/init:dev");
        var inference = Text("--inference-image", "Image of inference pools.", "registry.local/waf-operator/inference:dev");
        var domain = Text("--cluster-domain", "DNS domain of the cluster.", "cluster.local");
        var kubeconfig = new Option<string?>("--kubeconfig") { Description = "Kubeconfig; default: KUBECONFIG, the pod's service account, ~/.kube/config." };
        var service = Text("--service-name", "Service in front of webhooks and distribution.", "waf-operator");
        var secret = Text("--tls-secret", "Secret with the serving certificate.", "waf-operator-tls");
        var manage = Flag("--manage-certificates", "Issue and rotate certificates; false when cert-manager or you provide the Secret and caBundle.", true);
        var webhook = Number("--webhook-port", "HTTPS port of the admission webhooks.", 9443);
        var distribution = Number("--distribution-port", "HTTPS port that sidecars read policies from.", 9444);
        var metrics = Number("--metrics-port", "HTTP port of /metrics, /healthz and /readyz.", 8080);
        var blobs = Text("--blob-folder", "Folder for model packages.", Path.Combine(Path.GetTempPath(), "waf-operator-blobs"));
        var models = new Option<string?>("--models-folder") { Description = "Folder with model packages for builtin:// artifacts." };
        var bounds = new BoundArguments();
        var command = new Command("run", "Run the operator until it is stopped.")
        {
            ns, identity, sidecar, init, inference, domain, kubeconfig, service, secret, manage, webhook, distribution, metrics, blobs, models,
        };
        foreach (var option in bounds.All) command.Add(option);
        var access = new AccessFlags();
        access.AddTo(command);
        var injection = new InjectionFlags();
        injection.AddTo(command);
        var console = new ConsoleFlags();
        console.AddTo(command);
        command.SetAction((parsed, cancellationToken) => run(
            console.Apply(parsed, injection.Apply(parsed, access.Apply(parsed, bounds.Apply(parsed, new OperatorOptions
            {
                Namespace = parsed.GetRequiredValue(ns),
                Identity = parsed.GetRequiredValue(identity),
                SidecarImage = parsed.GetRequiredValue(sidecar),
                InitImage = parsed.GetRequiredValue(init),
                InferenceImage = parsed.GetRequiredValue(inference),
                ClusterDomain = parsed.GetRequiredValue(domain),
                Kubeconfig = parsed.GetValue(kubeconfig),
                ServiceName = parsed.GetRequiredValue(service),
                TlsSecret = parsed.GetRequiredValue(secret),
                ManageCertificates = parsed.GetValue(manage),
                WebhookPort = parsed.GetValue(webhook),
                DistributionPort = parsed.GetValue(distribution),
                MetricsPort = parsed.GetValue(metrics),
                BlobFolder = parsed.GetRequiredValue(blobs),
                ModelsFolder = parsed.GetValue(models) ?? Environment.GetEnvironmentVariable("WAF_MODELS_DIR"),
            })))),
            cancellationToken));
        return command;
    }

    private static Option<string> Text(string name, string description, string fallback) =>
        new(name) { Description = description, DefaultValueFactory = _ => fallback };

    private static Option<int> Number(string name, string description, int fallback) =>
        new(name) { Description = description, DefaultValueFactory = _ => fallback };

    private static Option<bool> Flag(string name, string description, bool fallback) =>
        new(name) { Description = description, DefaultValueFactory = _ => fallback };
}
