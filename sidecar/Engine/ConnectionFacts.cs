using System.Net;

namespace WafOperator.Engine;

/// <summary>
/// What rules may know about the connection: the client as the policy identifies it (trusted hops only), and the
/// server.
/// </summary>
/// <param name="Client">REMOTE_ADDR.</param>
/// <param name="ClientPort">REMOTE_PORT.</param>
/// <param name="Server">SERVER_ADDR.</param>
/// <param name="ServerPort">SERVER_PORT.</param>
/// <param name="UniqueId">UNIQUE_ID: the event id of this request.</param>
public readonly record struct ConnectionFacts(
    IPAddress? Client, int ClientPort, IPAddress? Server, int ServerPort, UInt128 UniqueId);
