using Microsoft.AspNetCore.Http;
using WafOperator.Proxy.Forwarding;

namespace WafOperator.Proxy.Tests.Forwarding;

public sealed class HopByHopTests
{
    /// <summary>What inspection believed of a body, the application is told too.</summary>
    [Theory]
    [InlineData("Content-Encoding")]
    [InlineData("content-type")]
    [InlineData("Content-Length")]
    [InlineData("Content-Disposition")]
    public void Drop_FieldThatDescribesTheBody_Stays(string name)
    {
        var context = new DefaultHttpContext { Request = { Headers = { ["Connection"] = name, [name] = "1" } } };

        HopByHop.Drop(context);

        Assert.True(context.Request.Headers.ContainsKey(name));
    }

    [Theory]
    [InlineData("close, X-Hop", false)]
    [InlineData("X-Hop", false)]
    [InlineData("x-hop,,keep-alive", false)]
    [InlineData("keep-alive", true)]
    [InlineData("X-Hopp", true)]
    public void Drop_FieldNamedInConnection_IsRemoved(string connection, bool stays)
    {
        var context = new DefaultHttpContext { Request = { Headers = { ["Connection"] = connection, ["X-Hop"] = "1" } } };

        HopByHop.Drop(context);

        Assert.Equal(stays, context.Request.Headers.ContainsKey("X-Hop"));
    }

    [Theory]
    [InlineData("websocket", true)]
    [InlineData("WebSocket", true)]
    [InlineData("h2c", false)]
    [InlineData("SPDY/3.1", false)]
    [InlineData("websocket, h2c", false)]
    public void Drop_Upgrade_OnlyToWebSocketStays(string upgrade, bool stays)
    {
        var context = Handshakes.WebSocket();
        context.Request.Headers.Upgrade = upgrade;

        HopByHop.Drop(context);

        Assert.Equal(stays, context.Request.Headers.ContainsKey("Upgrade"));
    }

    [Theory]
    [InlineData("Upgrade, Sec-WebSocket-Key")]
    [InlineData("Upgrade, Sec-WebSocket-Version")]
    public void Drop_HandshakeThatNamesItsOwnFieldsInConnection_IsNoneAnyMore(string connection)
    {
        var context = Handshakes.WebSocket();
        context.Request.Headers.Connection = connection;

        HopByHop.Drop(context);

        Assert.False(context.Request.Headers.ContainsKey("Upgrade"));
        Assert.False(DuplexStreams.IsDuplex(context));
    }
}
