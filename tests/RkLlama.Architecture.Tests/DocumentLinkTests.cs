using RkLlama.Architecture.Tests.Documents;

namespace RkLlama.Architecture.Tests;

/// <summary>Follows every link and every repository path in the Markdown documents.</summary>
public sealed class DocumentLinkTests : IDisposable
{
    private readonly DirectoryInfo _repository = Directory.CreateTempSubdirectory("rkllama-documents-");

    public void Dispose() => _repository.Delete(recursive: true);

    [Fact]
    public void Every_link_and_every_path_in_the_documents_resolves()
    {
        DocumentLinks links = new(RepositoryRoot.Path);

        links.Documents.Should().Contain(["README.md", "docs/README.md", "deploy/kubernetes/README.md"]);
        string.Join('\n', links.Failures()).Should().BeEmpty();
    }

    [Fact]
    public void Every_broken_reference_of_a_document_is_reported_with_its_line()
    {
        Write("docs/other.md", "# Other\n\n## A heading: with `code`\n\n## Twice\n\n## Twice\n");
        Write("src/Real.cs", "");
        Write("docs/bad.md", """
            # Bad

            [missing file](absent.md), [missing heading](other.md#absent), [outside](../../secret.md), ![image](absent.png).
            `src/Absent.cs` and `./build/absent.sh --flag`, `src/*.vb`, `Wrong/Real.cs`, `absent.c:7`.
              ```sh
              cat src/ignored.cs [ignored](ignored.md)
              ```
            [own heading](#absent)

            [reference]: absent-too.md
            """);

        IReadOnlyList<string> failures = new DocumentLinks(_repository.FullName).Failures();

        failures.Should().BeEquivalentTo(
            "docs/bad.md:3: absent.md: no such file",
            "docs/bad.md:3: other.md#absent: no such heading",
            "docs/bad.md:3: ../../secret.md: outside the repository",
            "docs/bad.md:3: absent.png: no such file",
            "docs/bad.md:4: src/Absent.cs: no such path in the repository",
            "docs/bad.md:4: build/absent.sh: no such path in the repository",
            "docs/bad.md:4: src/*.vb: no such path in the repository",
            "docs/bad.md:4: Wrong/Real.cs: no such source file in the repository",
            "docs/bad.md:4: absent.c: no such source file in the repository",
            "docs/bad.md:8: #absent: no such heading",
            "docs/bad.md:10: absent-too.md: no such file");
    }

    [Fact]
    public void References_that_resolve_are_not_reported()
    {
        Write("docs/other.md", "# Other\n\n## A heading: with `code`\n\n## Twice\n\n## Twice\n");
        Write("src/Folder/Real.cs", "");
        Write("docs/good.md", """
            # Good

            [web](https://example.org/absent), [file](other.md "title"), [folder](../src/), [heading](other.md#a-heading-with-code), [second](other.md#twice-1).
            `src/Folder/Real.cs`, `cat src/Folder/Real.cs:12`, `src/Folder/*.cs`, `Folder/Real.cs`, `…/Real.cs`, `Real.cs`.
            `src/…/Any.cs`, `src/<name>.cs`, `/src/absent`, `artifacts/absent`, `[example](absent.md)`.
            """);
        Write("artifacts/output.md", "[ignored](absent.md)");

        new DocumentLinks(_repository.FullName).Failures().Should().BeEmpty();
    }

    private void Write(string path, string text)
    {
        string full = Path.Join(_repository.FullName, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }
}
