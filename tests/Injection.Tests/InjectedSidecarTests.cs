using System.Text.Json.Nodes;
using WafOperator.Injection.Capture;

namespace WafOperator.Injection.Tests;

public sealed class InjectedSidecarTests
{
    private const string Image = "registry.example:5000/waf/sidecar:1";
    private const string Hash = "0123456789abcdef";

    [Theory]
    [InlineData(Hash, "registry.example:5000/waf/sidecar:1", "", true, "as injected")]
    [InlineData(Hash, "registry.example:5000/waf/sidecar:0.9", "", true, "from before an upgrade")]
    [InlineData(Hash, "registry.example:5000/waf/sidecar@sha256:ab", "", true, "by digest")]
    [InlineData(null, "registry.example:5000/waf/sidecar:1", "", false, "without the annotation")]
    [InlineData("yes", "registry.example:5000/waf/sidecar:1", "", false, "with no hash in it")]
    [InlineData(Hash, "evil.example/waf/sidecar:1", "", false, "another image")]
    [InlineData(Hash, "registry.example:5000/waf/sidecar-evil:1", "", false, "an image that begins alike")]
    [InlineData(Hash, "registry.example:5000/waf/sidecar:1", "\"command\": [\"sleep\"],", false, "another program")]
    [InlineData(Hash, "registry.example:5000/waf/sidecar:1", "\"args\": [\"wait\"],", false, "other arguments")]
    public void IsIn_TheHashTheImageAndTheProgram(string? hash, string image, string more, bool expected, string what)
    {
        var annotations = hash is null ? "{}" : "{\"wafoperator.dev/injected\": \"" + hash + "\"}";
        var pod = JsonNode.Parse($$"""
            {
              "metadata": { "annotations": {{annotations}} },
              "spec": { "containers": [ { "name": "waf-sidecar", {{more}} "image": "{{image}}" } ] }
            }
            """)!.AsObject();

        Assert.True(InjectedSidecar.IsIn(pod, Image) == expected, what);
    }

    [Theory, InlineData("""{"metadata":7,"spec":""}"""), InlineData("{}")]
    public void APodOfOddShapes_HasNone(string pod) =>
        Assert.False(InjectedSidecar.IsIn(JsonNode.Parse(pod)!.AsObject(), Image));
}
