using System.Xml.Linq;

namespace RkLlama.Architecture.Tests;

/// <summary>Each project references only projects below it in docs/architecture.md.</summary>
public sealed class ProjectReferenceTests
{
    // What a project may reference, directly or through others.
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["RkLlama.Native"] = [],
        ["RkLlama.Prompts"] = [],
        ["RkLlama.Output"] = ["RkLlama.Prompts"],
        ["RkLlama.Engine"] = ["RkLlama.Native", "RkLlama.Output", "RkLlama.Prompts"],
        ["RkLlama.Hub"] = [],
        ["RkLlama.Cli"] = ["RkLlama.Engine", "RkLlama.Hub"],
        ["RkLlama.Server"] = ["RkLlama.Cli", "RkLlama.Engine", "RkLlama.Hub"],
    };

    public static TheoryData<string> Projects => [.. Directory.GetDirectories(Path.Join(RepositoryRoot.Path, "src")).Select(Path.GetFileName).OfType<string>()];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_the_projects_below_it_only(string project) =>
        References(project, "ProjectReference").Select(Path.GetFileNameWithoutExtension).Should().BeSubsetOf(Allowed[project]);

    [Theory]
    [MemberData(nameof(Projects))]
    public void Nothing_below_the_server_references_ASP_NET_Core(string project)
    {
        if (project == "RkLlama.Server")
            return;

        XDocument file = Load(project);
        file.Root!.Attribute("Sdk")!.Value.Should().Be("Microsoft.NET.Sdk");
        References(project, "FrameworkReference").Should().BeEmpty();
        References(project, "PackageReference").Should().NotContain(package => package.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Serilog", "src/RkLlama.Server/Hosting")]
    [InlineData("System.CommandLine", "src/RkLlama.Cli")]
    [InlineData("Tomlyn", "src/RkLlama.Engine/Models", "src/RkLlama.Hub/Names")]
    public void A_library_is_used_in_few_places(string library, params string[] folders)
    {
        IEnumerable<string> users = Directory.EnumerateFiles(Path.Join(RepositoryRoot.Path, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(path => File.ReadAllText(path).Contains($"using {library}", StringComparison.Ordinal))
            .Select(path => Path.GetRelativePath(RepositoryRoot.Path, path));

        users.Should().NotBeEmpty().And.OnlyContain(path => folders.Any(folder => path.StartsWith(folder, StringComparison.Ordinal)));
    }

    private static IEnumerable<string> References(string project, string kind) =>
        Load(project).Descendants(kind).Select(static reference => reference.Attribute("Include")!.Value);

    private static XDocument Load(string project) => XDocument.Load(Path.Join(RepositoryRoot.Path, "src", project, $"{project}.csproj"));
}
