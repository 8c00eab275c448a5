using WafOperator.Resources.Exclusions;

namespace WafOperator.Policies.Compilation;

/// <summary>
/// Attack families by the names that rules (tags of OWASP CRS 3.3 and 4) and models (family heads) give them.
/// </summary>
public static class FamilyNames
{
    /// <summary>
    /// Names that family heads of models give it (<c>families</c> of package manifests); empty where they have none.
    /// </summary>
    public static IReadOnlyList<string> ModelNames(AttackFamily family) => family switch
    {
        AttackFamily.Sqli => ["sqli"],
        AttackFamily.Xss => ["xss"],
        AttackFamily.Rce => ["cmdi", "shellshock"],
        AttackFamily.Lfi => ["path-traversal"],
        AttackFamily.Rfi => ["rfi"],
        AttackFamily.Php => ["php"],
        AttackFamily.Java => ["java", "log4shell"],
        AttackFamily.Nosql => ["nosqli"],
        AttackFamily.Ssti => ["ssti"],
        AttackFamily.Ssrf => ["ssrf"],
        AttackFamily.Xxe => ["xxe"],
        AttackFamily.Ldap => ["ldapi"],
        AttackFamily.Protocol => ["crlf"],
        AttackFamily.Generic => ["other"],
        _ => [],
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
