using System.Security.Authentication;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace WafOperator.Proxy.Forwarding;

/// <summary>Counters of forwardings that failed, by who is to blame: the client, or the application.</summary>
internal static class ForwardingIncidents
{
    public static string IncidentOf(HttpContext context, ForwarderError error) =>
        IncidentOf(error, context.Features.Get<IForwarderErrorFeature>()?.Exception);

    /// <summary>Pure part.</summary>
    public static string IncidentOf(ForwarderError error, Exception? failure) => error switch
    {
        ForwarderError.Request when Holds<AuthenticationException>(failure) => "upstream_untrusted",
        ForwarderError.Request or ForwarderError.NoAvailableDestinations => "upstream_unreachable",
        ForwarderError.RequestTimedOut => "upstream_timed_out",
        ForwarderError.RequestBodyClient when IsSlow(failure) => "client_slow",
        ForwarderError.RequestCanceled or ForwarderError.RequestBodyCanceled or ForwarderError.ResponseBodyCanceled
            or ForwarderError.UpgradeRequestCanceled or ForwarderError.UpgradeResponseCanceled
            or ForwarderError.RequestBodyClient or ForwarderError.ResponseBodyClient
            or ForwarderError.UpgradeRequestClient or ForwarderError.UpgradeResponseClient => "client_gone",
        _ => "forwarding_broke",
    };

    private static bool Holds<T>(Exception? failure) where T : Exception
    {
        for (; failure is not null; failure = failure.InnerException)
            if (failure is T) return true;
        return false;
    }

    private static bool IsSlow(Exception? failure) => failure switch
    {
        BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout } => true,
        AggregateException many => many.InnerExceptions.Any(IsSlow),
        { InnerException: { } inner } => IsSlow(inner),
        _ => false,
    };
}
