using System.Text.Json;
using WafOperator.Injection.Capture;
using WafOperator.Resources.Schema;

namespace WafOperator.Injection.Tests;

public sealed class SidecarAbsenceTests
{
    private const string Ports = "ports: [{containerPort: 80}]";

    public static TheoryData<string, string, SidecarAbsence> Pods => new()
    {
        { "{}", $$"""{containers: [{name: a, {{Ports}}}]}""", SidecarAbsence.NotRequested },
        {
            "{wafoperator.dev/inject: \"false\"}", $$"""{containers: [{name: a, {{Ports}}}]}""",
            SidecarAbsence.OptedOut
        },
        { "{wafoperator.dev/inject: \"yes\"}", $$"""{containers: [{name: a, {{Ports}}}]}""", SidecarAbsence.OptedOut },
        { "{wafoperator.dev/inject: \"true\"}", $$"""{containers: [{name: a, {{Ports}}}]}""",
            SidecarAbsence.NotInjected },
        { "{wafoperator.dev/inject: \"true\"}", "{containers: [{name: a}]}", SidecarAbsence.NoPorts },
        { "{}", $$"""{hostNetwork: true, containers: [{name: a, {{Ports}}}]}""", SidecarAbsence.HostNetwork },
        { "{}", $$"""{os: {name: windows}, containers: [{name: a, {{Ports}}}]}""", SidecarAbsence.UnsupportedSystem },
        {
            "{}", $$"""{shareProcessNamespace: true, containers: [{name: a, {{Ports}}}]}""",
            SidecarAbsence.SharedProcesses
        },
        { "{}", $$"""{hostPID: true, containers: [{name: a, {{Ports}}}]}""", SidecarAbsence.SharedProcesses },
        { "{}", $$"""{restartPolicy: OnFailure, containers: [{name: a, {{Ports}}}]}""",
            SidecarAbsence.RunsToCompletion },
        { "{wafoperator.dev/inject: \"true\"}", $$"""{containers: [{name: waf-sidecar, {{Ports}}}]}""",
            SidecarAbsence.Replaced },
        { "{}", $$"""{containers: [{name: a}], initContainers: [{name: waf-sidecar, restartPolicy: Always}]}""",
            SidecarAbsence.Replaced },
    };

    [Theory, MemberData(nameof(Pods))]
    public void Of_APodWithoutASidecar_IsTheFirstReasonThatWouldHaveToGo(
        string annotations, string spec, SidecarAbsence expected)
    {
        var pod = YamlText.Read($$"""
            metadata: {annotations: {{annotations}}}
            spec: {{spec}}
            """);

        Assert.Equal(expected, SidecarAbsences.Of(JsonSerializer.SerializeToElement(pod)));
    }

    [Fact]
    public void EveryReason_IsACaseAbove() => Assert.Equal(
        Enum.GetValues<SidecarAbsence>(), Pods.Select(row => (SidecarAbsence)row[2]).Distinct().Order());

    /// <summary>
    /// Eviction of a pod whose successor is bare again, or refused, would only take the application down.
    /// </summary>
    [Fact]
    public void EndsWithANewPod_OnlyWhereTheSuccessorWouldHaveASidecar()
    {
        Assert.Equal(
            [SidecarAbsence.NotInjected],
            Enum.GetValues<SidecarAbsence>().Where(absence => SidecarAbsences.EndsWithANewPod(absence, false)));
        Assert.Equal(
            [SidecarAbsence.NotRequested, SidecarAbsence.OptedOut, SidecarAbsence.NotInjected],
            Enum.GetValues<SidecarAbsence>().Where(absence => SidecarAbsences.EndsWithANewPod(absence, true)));
    }

    [Theory, InlineData("7"), InlineData("{}"), InlineData("""{"spec":"","metadata":[]}""")]
    public void Of_OddShapes_DoesNotThrow(string pod) =>
        Assert.Equal(SidecarAbsence.NoPorts, SidecarAbsences.Of(JsonDocument.Parse(pod).RootElement));
}
