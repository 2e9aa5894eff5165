namespace RkLlama.Architecture.Tests;

/// <summary>The folders of each project in src do not depend on each other in cycles.</summary>
public sealed class FolderTests : IDisposable
{
    private readonly string _planted = Directory.CreateTempSubdirectory("rkllama-architecture-").FullName;

    public static TheoryData<string> Projects => [.. Directory.GetDirectories(Path.Join(RepositoryRoot.Path, "src")).Select(Path.GetFileName).OfType<string>()];

    public void Dispose() => Directory.Delete(_planted, recursive: true);

    [Theory]
    [MemberData(nameof(Projects))]
    public void Folders_of_a_project_form_no_cycle(string project)
    {
        IReadOnlyList<string> circles = new SourceTree(Path.Join(RepositoryRoot.Path, "src", project)).Circles();

        circles.Should().BeEmpty("{0}", string.Join("\n\n", circles));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void The_namespace_of_a_file_is_its_folder(string project) =>
        new SourceTree(Path.Join(RepositoryRoot.Path, "src", project)).MisplacedFiles().Should().BeEmpty();

    [Fact]
    public void A_planted_cycle_is_reported_with_its_usings()
    {
        Plant("A/One.cs", "using Planted.B;\nnamespace Planted.A;\ninternal class One;\n");
        Plant("B/Two.cs", "using Planted.C;\nnamespace Planted.B;\ninternal class Two;\n");
        Plant("C/Three.cs", "using static Planted.A.One;\nnamespace Planted.C;\ninternal class Three;\n");
        Plant("D/Four.cs", "using Planted.A;\nnamespace Planted.D;\ninternal class Four;\n");

        string circle = new SourceTree(Path.Join(_planted, "Planted")).Circles().Should().ContainSingle().Subject;

        circle.Should().Contain("A, B, C").And.NotContain("D");
        circle.Should().Contain("One.cs has using Planted.B").And.Contain("Two.cs has using Planted.C").And.Contain("Three.cs has using Planted.A");
    }

    [Fact]
    public void A_cycle_through_subfolders_is_reported()
    {
        Plant("A/Inner/One.cs", "using Planted.B;\nnamespace Planted.A.Inner;\ninternal sealed class One;\n");
        Plant("B/Two.cs", "using Planted.A;\nnamespace Planted.B;\ninternal sealed class Two;\n");
        Plant("A/Three.cs", "namespace Planted.A;\ninternal sealed class Three;\n");

        string circle = new SourceTree(Path.Join(_planted, "Planted")).Circles().Should().ContainSingle().Subject;

        circle.Should().Contain("One.cs has using Planted.B").And.Contain("Two.cs has using Planted.A");
    }

    [Fact]
    public void A_tree_without_a_cycle_is_accepted()
    {
        Plant("Root.cs", "using Planted.A;\nusing Planted.B;\nnamespace Planted;\ninternal sealed class Root;\n");
        Plant("A/One.cs", "using Planted.B;\nnamespace Planted.A;\ninternal sealed class One;\n");
        Plant("B/Two.cs", "namespace Planted.B;\n// Root, One\ninternal sealed class Two { string text = \"Root One\"; }\n");

        new SourceTree(Path.Join(_planted, "Planted")).Circles().Should().BeEmpty();
    }

    private void Plant(string path, string text)
    {
        string full = Path.Join(_planted, "Planted", path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }
}
