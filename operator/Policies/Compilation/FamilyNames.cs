using WafOperator.Resources.Exclusions;

namespace WafOperator.Policies.Compilation;

/// <summary>
/// Attack families by the names that rules (tags of OWASP CRS 3.3 and 4) and models (family heads) give them.
/// </summary>
public static class FamilyNames
{
    /// <summary>Name in documents, events and model heads: <c>sqli</c>, <c>session-fixation</c>.</summary>
    public static string WireName(AttackFamily family) => family switch
    {
        AttackFamily.SessionFixation => "session-fixation",
        _ => family.ToString().ToLowerInvariant(),
    };

    /// <summary>Tags of the rules that look for the family; empty where CRS has no tag of its own.</summary>
    public static IReadOnlyList<string> Tags(AttackFamily family) => family switch
    {
        AttackFamily.Sqli => ["attack-sqli"],
        AttackFamily.Xss => ["attack-xss"],
        AttackFamily.Rce => ["attack-rce"],
        AttackFamily.Lfi => ["attack-lfi"],
        AttackFamily.Rfi => ["attack-rfi"],
        AttackFamily.Php => ["attack-injection-php"],
        AttackFamily.Java => ["attack-injection-java"],
        AttackFamily.Nosql => ["attack-nosqli"],
        AttackFamily.Ssti => ["attack-ssti"],
        AttackFamily.Ssrf => ["attack-ssrf"],
        AttackFamily.Xxe => ["attack-xxe"],
        AttackFamily.Ldap => ["attack-ldap"],
        AttackFamily.Protocol => ["attack-protocol", "attack-multipart-header", "attack-deprecated-header"],
        AttackFamily.SessionFixation => ["attack-fixation"],
        AttackFamily.Scanner =>
            ["attack-reputation-scanner", "attack-reputation-crawler", "attack-reputation-scripting"],
        AttackFamily.Generic => ["attack-generic", "attack-injection-generic", "attack-injection-nodejs"],
        _ => [],
    };
}
