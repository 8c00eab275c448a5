using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace WafOperator.Architecture.Tests;

/// <summary>
/// The operator opens connections in two places: to the API server, and to everything else through the client that
/// checks addresses, time and bytes. The console, a program of its own, does in one: to servers that its administrator
/// named, and to those of others through the same rules for addresses.
/// </summary>
public sealed class OutsideTests
{
    private static readonly string[] Openers =
    [
        "operator/Console/Outgoing/Connections.cs", "operator/Kubernetes/Authentication/ClusterConnection.cs",
        "operator/Outside/OutsideConnections.cs",
    ];

    private static readonly HashSet<string> Connections = new(StringComparer.Ordinal)
    {
        "HttpClient", "HttpClientHandler", "SocketsHttpHandler", "HttpMessageInvoker", "WinHttpHandler", "Socket",
        "TcpClient", "UdpClient", "ClientWebSocket", "SslStream", "QuicConnection", "SmtpClient", "FtpWebRequest",
        "HttpWebRequest", "WebClient", "NamedPipeClientStream", "Ping", "Kubernetes",
    };

    private static readonly HashSet<string> Calls = new(StringComparer.Ordinal)
    {
        "WebRequest", "Dns", "QuicConnection", "HttpClientFactory", "IHttpClientFactory", "AddHttpClient",
    };

    [Fact]
    public void NothingElseOfTheOperator_OpensConnections() => Expect.None(Found()
        .Where(found => !Openers.Contains(found.File)).Select(found => $"{found.File}:{found.Line}: {found.What}"));

    [Fact]
    public void ThePlaces_AreSeenByThisTest() =>
        Assert.Equal(Openers.Order(), Found().Select(found => found.File).Distinct().Order());

    private static IEnumerable<(string File, int Line, string What)> Found() =>
        from tree in Repository.Trees
        where tree.Key.StartsWith("operator/", StringComparison.Ordinal)
        from node in tree.Value.DescendantNodes()
        let what = WhatOf(node)
        where what is not null
        select (tree.Key, node.GetLocation().GetLineSpan().StartLinePosition.Line + 1, what);

    private static string? WhatOf(SyntaxNode node) => node switch
    {
        ObjectCreationExpressionSyntax created when Connections.Contains(NameOf(created.Type)) => $"new {created.Type}",
        // new() of a declared type.
        ImplicitObjectCreationExpressionSyntax { Parent: EqualsValueClauseSyntax } implied
            when DeclaredType(implied) is { } type && Connections.Contains(NameOf(type)) => $"new {type}",
        IdentifierNameSyntax name when Calls.Contains(name.Identifier.Text) => name.Identifier.Text,
        _ => null,
    };

    private static TypeSyntax? DeclaredType(SyntaxNode created) => created.Parent?.Parent switch
    {
        VariableDeclaratorSyntax { Parent: VariableDeclarationSyntax declaration } => declaration.Type,
        PropertyDeclarationSyntax property => property.Type,
        _ => null,
    };

    private static string NameOf(TypeSyntax type) => type switch
    {
        QualifiedNameSyntax qualified => qualified.Right.Identifier.Text,
        NullableTypeSyntax nullable => NameOf(nullable.ElementType),
        SimpleNameSyntax simple => simple.Identifier.Text,
        _ => type.ToString(),
    };
}
