using Microsoft.AspNetCore.Http;
using WafOperator.Proxy.Forwarding;

namespace WafOperator.Proxy.Tests.Forwarding;

public sealed class HopByHopTests
{
    [Theory]
    [InlineData("close, X-Hop", false)]
    [InlineData("X-Hop", false)]
    [InlineData("x-hop,,keep-alive", false)]
    [InlineData("keep-alive", true)]
    [InlineData("X-Hopp", true)]
    public void Drop_FieldNamedInConnection_IsRemoved(string connection, bool stays)
    {
        var headers = new HeaderDictionary { ["Connection"] = connection, ["X-Hop"] = "1" };

        HopByHop.Drop(headers);

        Assert.Equal(stays, headers.ContainsKey("X-Hop"));
    }

    [Theory]
    [InlineData("websocket", true)]
    [InlineData("WebSocket", true)]
    [InlineData("h2c", false)]
    [InlineData("SPDY/3.1", false)]
    [InlineData("websocket, h2c", false)]
    public void Drop_Upgrade_OnlyToWebSocketStays(string upgrade, bool stays)
    {
        var headers = new HeaderDictionary { ["Upgrade"] = upgrade };

        HopByHop.Drop(headers);

        Assert.Equal(stays, headers.ContainsKey("Upgrade"));
    }
}
