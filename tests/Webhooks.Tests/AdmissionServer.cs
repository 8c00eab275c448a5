using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using WafOperator.Injection;
using WafOperator.Webhooks.Pods;
using WafOperator.Webhooks.Validation;

namespace WafOperator.Webhooks.Tests;

/// <summary>The webhooks on a loopback port, as the operator serves them (without TLS).</summary>
internal sealed class AdmissionServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private AdmissionServer(WebApplication application)
    {
        _application = application;
        Client =
            new() { BaseAddress =
                new Uri(application.Services.GetRequiredService<IServer>()
                    .Features.Get<IServerAddressesFeature>()!.Addresses.First()) };
    }

    public HttpClient Client { get; }

    public static InjectionSettings Settings { get; } = new()
    {
        SidecarImage = "registry.example/waf/sidecar:1",
        InitImage = "registry.example/waf/init:1",
        OperatorUrl = "https://waf-operator.waf-system.svc:9444",
    };

    public static async Task<AdmissionServer> StartAsync(IAdmissionCache cache, Func<InjectionSettings>? settings =
        null, Action<PodAdmission>? observe = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1));
        var application = builder.Build();
        application.MapAdmission(new(cache, settings ?? (() => Settings), observe),
            new(cache, settings ?? (() => Settings)), new(TimeProvider.System, cache), NullLogger.Instance);
        await application.StartAsync();
        return new(application);
    }

    /// <summary>Posts a review of an object and gives back <c>response</c>.</summary>
    public async Task<JsonObject> ReviewAsync(string path, JsonNode @object, string operation = "CREATE",
        JsonNode? old = null, string subResource = "")
    {
        var review = new JsonObject
        {
            ["apiVersion"] = "admission.k8s.io/v1",
            ["kind"] = "AdmissionReview",
            ["request"] = new JsonObject
            {
                ["uid"] = "uid-1",
                ["kind"] = new JsonObject { ["kind"] = @object["kind"]!.DeepClone() },
                ["namespace"] = "shop",
                ["name"] = @object["metadata"]?["name"]?.DeepClone(),
                ["operation"] = operation,
                ["subResource"] = subResource,
                ["object"] = @object.DeepClone(),
                ["oldObject"] = old?.DeepClone(),
            },
        };
        var (status, body) = await PostAsync(path, review.ToJsonString());
        Assert.Equal(HttpStatusCode.OK, status);
        var answer = JsonNode.Parse(body)!;
        Assert.Equal("admission.k8s.io/v1", (string?)answer["apiVersion"]);
        Assert.Equal("uid-1", (string?)answer["response"]!["uid"]);
        return answer["response"]!.AsObject();
    }

    public async Task<(HttpStatusCode Status, string Body)> PostAsync(string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await Client.PostAsync(new Uri(path, UriKind.Relative), content);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _application.DisposeAsync();
    }
}
