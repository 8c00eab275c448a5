using WafOperator.Policies.Coverage;
using WafOperator.Protocols.Status;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Tests.Coverage;

public sealed class ParameterStylesTests
{
    [Fact]
    public void StylesOfManyClients_AreShown_OnceForAllSidecars()
    {
        var found = ParameterStyles.Of(
        [
            [Seen("Repeated", 40, 9), Seen("Dotted", 1234, 32), Seen("Map", 1000, 7), Seen("Json", 49, 32)],
            [Seen("Repeated", 30, 8), Seen("Map", 1000, 7)],
        ]);

        Assert.Equal(
            [(ParameterStyle.Dotted, 4, 1000L, 32), (ParameterStyle.Repeated, 2, 70, 9)],
            found.Select(style => (style.Style, style.ParanoiaMax, style.Requests, style.Clients)));
    }

    [Theory]
    [InlineData(SeenKind.ParameterStyle, "repeated")]
    [InlineData(SeenKind.ParameterStyle, "1")]
    [InlineData(SeenKind.ParameterStyle, "Repeated, List")]
    [InlineData(SeenKind.Method, "Repeated")]
    public void WhatIsNoStyle_IsNotShown(SeenKind kind, string value) =>
        Assert.Empty(ParameterStyles.Of([[Seen(value, 1000, 32) with { Kind = kind }]]));

    [Fact]
    public void EveryStyle_HasAWordInTheStatus() =>
        Assert.Equal(Enum.GetNames<SeenStyle>(), ParameterStyles.Of(
            [[.. Enum.GetNames<SeenStyle>().Select(name => Seen(name, 1000, 32))]])
            .Select(style => style.Style).Order().Select(style => style.ToString()));

    private static SeenValue Seen(string value, long requests, int clients) =>
        new() { Kind = SeenKind.ParameterStyle, Value = value, Requests = requests, Clients = clients };
}
