using WafOperator.Behaviour.History;

namespace WafOperator.Behaviour.Features;

/// <summary>Counts over the remembered requests of a client.</summary>
public readonly record struct RingCounts
{
    public int Requests { get; private init; }
    public int Success { get; private init; }
    public int Redirects { get; private init; }
    public int NotModified { get; private init; }
    public int ClientErrors { get; private init; }
    public int NotFound { get; private init; }
    public int Denied { get; private init; }
    public int ServerErrors { get; private init; }
    public int Writes { get; private init; }
    public int Heads { get; private init; }
    public int Options { get; private init; }
    public int Assets { get; private init; }
    public int Pages { get; private init; }
    public int Referers { get; private init; }
    public int OwnReferers { get; private init; }
    public int Queries { get; private init; }
    public int Cookies { get; private init; }
    public int NewRoutes { get; private init; }
    public int NewRouteErrors { get; private init; }
    public int Refused { get; private init; }
    public int RuleHits { get; private init; }
    public int VerbChanges { get; private init; }
    public int Repeats { get; private init; }
    public int LongestRoute { get; private init; }
    public int LongestStatus { get; private init; }
    public int LongestErrors { get; private init; }

    /// <summary>Errors among the last ten.</summary>
    public int LateErrors { get; private init; }
    public int LastStatus { get; private init; }

    public double Share(int count) => Requests == 0 ? 0 : count / (double)Requests;

    /// <summary>Share of errors among the last ten requests, less that among all.</summary>
    public double LateErrorRise =>
        LateErrors / (double)Math.Clamp(Requests, 1, 10) - Share(ClientErrors + ServerErrors);

    /// <summary>The same for what is between two requests.</summary>
    public double ShareOfSteps(int count) => Requests < 2 ? 0 : count / (double)(Requests - 1);

    public static RingCounts Of(in ClientRecord record)
    {
        var counts = default(RingCounts);
        int route = 0, status = 0, errors = 0;
        var count = record.Remembered;
        for (var i = 0; i < count; i++)
        {
            var entry = record[i];
            counts = counts.With(entry);
            var before = i == 0 ? entry : record[i - 1];
            route = i > 0 && before.Route == entry.Route ? route + 1 : 1;
            status = i > 0 && before.Status == entry.Status ? status + 1 : 1;
            errors = entry.Status >= 400 ? errors + 1 : 0;
            counts = counts with
            {
                VerbChanges = counts.VerbChanges + (before.Verb != entry.Verb ? 1 : 0),
                Repeats = counts.Repeats + (i > 0 && before.Route == entry.Route ? 1 : 0),
                LongestRoute = Math.Max(counts.LongestRoute, route),
                LongestStatus = Math.Max(counts.LongestStatus, status),
                LongestErrors = Math.Max(counts.LongestErrors, errors),
                LateErrors = counts.LateErrors + (entry.Status >= 400 && i >= count - 10 ? 1 : 0),
                LastStatus = entry.Status,
            };
        }

        return counts;
    }

    private RingCounts With(RequestEntry entry)
    {
        var status = entry.Status;
        return this with
        {
            Requests = Requests + 1,
            Success = Success + One(status is >= 200 and < 300),
            Redirects = Redirects + One(status is >= 300 and < 400 and not 304),
            NotModified = NotModified + One(status is 304),
            ClientErrors = ClientErrors + One(status is >= 400 and < 500),
            NotFound = NotFound + One(status is 404 or 410),
            Denied = Denied + One(status is 401 or 403 or 407 or 429 or 444),
            ServerErrors = ServerErrors + One(status is >= 500 and < 600),
            Writes = Writes + One(entry.Verb is Verb.Post or Verb.Put or Verb.Patch or Verb.Delete),
            Heads = Heads + One(entry.Verb is Verb.Head),
            Options = Options + One(entry.Verb is Verb.Options),
            Assets = Assets + One(entry.Has(RequestMarks.Asset)),
            Pages = Pages + One(entry.Has(RequestMarks.Page)),
            Referers = Referers + One(entry.Has(RequestMarks.Referer)),
            OwnReferers = OwnReferers + One(entry.Has(RequestMarks.OwnReferer)),
            Queries = Queries + One(entry.Has(RequestMarks.Query)),
            Cookies = Cookies + One(entry.Has(RequestMarks.Cookie)),
            NewRoutes = NewRoutes + One(entry.Has(RequestMarks.NewRoute)),
            NewRouteErrors = NewRouteErrors + One(entry.Has(RequestMarks.NewRoute) && status >= 400),
            Refused = Refused + One(entry.Has(RequestMarks.Refused)),
            RuleHits = RuleHits + One(entry.RuleScore > 0),
        };
    }

    private static int One(bool holds) => holds ? 1 : 0;
}
