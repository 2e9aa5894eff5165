using System.Text.RegularExpressions;

namespace RkLlama.Architecture.Tests;

/// <summary>Compares documents with the files that they describe.</summary>
public sealed partial class DocumentContentTests
{
    [Fact]
    public void The_version_number_is_in_one_place()
    {
        string version = Version.Match(Read("Directory.Build.props")).Groups[1].Value;
        string[] copies =
        [
            .. new[] { "build", "deploy", "docs", "models", "packaging", "systemd" }.Select(folder => Path.Join(RepositoryRoot.Path, folder)).Where(Directory.Exists)
                .SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
                .Append(Path.Join(RepositoryRoot.Path, "README.md"))
                .Append(Path.Join(RepositoryRoot.Path, "build.sh"))
                .Where(file => Regex.IsMatch(File.ReadAllText(file), $@"(?<![\d.]){Regex.Escape(version)}(?![\d.]*\d)"))
                .Select(file => Path.GetRelativePath(RepositoryRoot.Path, file)),
        ];

        copies.Should().BeEmpty();
    }

    [Fact]
    public void The_settings_file_and_the_document_have_the_same_variables()
    {
        string[] settings = [.. SettingInFile.Matches(Read("packaging/rkllama.env")).Select(match => match.Groups[1].Value)];
        string[] documented = [.. TableRow.Matches(Read("docs/configuration.md")).SelectMany(row => Variable.Matches(row.Value)).Select(match => match.Value).Distinct()];

        // The port belongs in a drop-in. A value in the settings file would override it.
        documented.Should().BeEquivalentTo([.. settings, "RKLLAMA_PORT"]);
    }

    [Fact]
    public void The_common_settings_of_the_readme_are_rows_of_the_configuration_document()
    {
        string[] common = FirstCells(Read("README.md"));
        string[] all = FirstCells(Read("docs/configuration.md"));

        common.Should().HaveCount(10);
        all.Should().Contain(common);
    }

    [Fact]
    public void Every_type_that_the_board_checklist_names_exists()
    {
        string source = string.Concat(Directory.EnumerateFiles(Path.Join(RepositoryRoot.Path, "src"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText));
        string[] named =
        [
            .. ChecklistRow.Matches(Read("docs/board-checklist.md")).SelectMany(row => TypeName.Matches(row.Groups["used"].Value)).Select(match => match.Groups[1].Value).Distinct(),
        ];

        named.Should().NotBeEmpty();
        named.Where(name => !Regex.IsMatch(source, $@"\b(class|struct|record|interface|enum) {name}\b")).Should().BeEmpty();
    }

    private static string Read(string path) => File.ReadAllText(Path.Join(RepositoryRoot.Path, path));

    /// <summary>Option and variable of each row in a table of settings.</summary>
    private static string[] FirstCells(string document) => [.. SettingRow.Matches(document).Select(match => match.Value)];

    [GeneratedRegex("<Version>([^<]+)</Version>")]
    private static partial Regex Version { get; }

    [GeneratedRegex("(?m)^#(RKLLAMA_[A-Z_]+)=")]
    private static partial Regex SettingInFile { get; }

    [GeneratedRegex("(?m)^\\| (`--|\\| `RKLLAMA_).*$")]
    private static partial Regex TableRow { get; }

    [GeneratedRegex("RKLLAMA_[A-Z_]+")]
    private static partial Regex Variable { get; }

    [GeneratedRegex("(?m)^\\| (?:`--[a-z_-]+` )?\\| `RKLLAMA_[A-Z_]+`")]
    private static partial Regex SettingRow { get; }

    [GeneratedRegex("(?m)^\\| \\d+ \\|.*\\| (?<used>[^|]*) \\|$")]
    private static partial Regex ChecklistRow { get; }

    [GeneratedRegex("`([A-Z][A-Za-z0-9]+)`")]
    private static partial Regex TypeName { get; }
}
