using RkLlama.Hub.Names;

namespace RkLlama.Hub.Tests.Names;

public class ModelReferenceParserTests
{
    [Theory]
    [InlineData("owner/repo:w8a8", "w8a8", null, "repo:w8a8", "owner/repo:w8a8")]
    [InlineData("hf.co/owner/repo:W8A8-G128", "w8a8_g128", null, "repo:w8a8-g128", "owner/repo:w8a8-g128")]
    [InlineData("owner/repo:16k", null, 16384, "repo:16k", "owner/repo:16k")]
    [InlineData("owner/repo:w8a8-16K@v1", "w8a8", 16384, "repo:w8a8-16k", "owner/repo:w8a8-16k@v1")]
    [InlineData("owner/repo:latest", null, null, "repo", "owner/repo")]
    [InlineData("owner/repo:w8a8/file.rkllm", "w8a8", null, "file", "owner/repo:w8a8/file.rkllm")]
    public void A_tag_says_which_file_is_chosen(string text, string? quantization, int? context, string name, string full)
    {
        ModelReferenceParser.TryParse(text, out ModelReference? reference, out string? error).Should().BeTrue(error);

        (reference!.Tag?.Quantization, reference.Tag?.ContextLength, reference.DefaultName, reference.ToString()).Should().Be((quantization, context, name, full));
        ModelReferenceParser.TryParse(full, out ModelReference? again, out _).Should().BeTrue();
        again.Should().Be(reference);
    }

    [Theory]
    [InlineData("owner/repo:q4_K_M")]
    [InlineData("owner/repo:")]
    [InlineData("owner/:w8a8")]
    [InlineData("owner/repo:16000")]
    public void A_tag_of_another_form_is_an_error_that_says_the_forms(string text)
    {
        ModelReferenceParser.TryParse(text, out _, out string? error).Should().BeFalse();

        error.Should().Contain(":w8a8").And.Contain(":16k").And.Contain(":latest");
    }

    [Fact]
    public void The_address_for_git_names_the_repository()
    {
        ModelReferenceParser.TryParse("https://huggingface.co/owner/repo.git", out ModelReference? reference, out _).Should().BeTrue();

        reference!.Repository.Should().Be("owner/repo");
    }

    [Theory]
    [InlineData("owner/repo", "owner/repo", null, null, null)]
    [InlineData("owner/repo@v1", "owner/repo", "v1", null, null)]
    [InlineData("owner/repo@refs/pr/1", "owner/repo", "refs/pr/1", null, null)]
    [InlineData("owner/repo/file.rkllm", "owner/repo", null, "file.rkllm", null)]
    [InlineData("owner/repo/sub/dir/file.rkllm", "owner/repo", null, "sub/dir/file.rkllm", null)]
    [InlineData("owner/repo@v1/file.rkllm", "owner/repo", "v1", "file.rkllm", null)]
    [InlineData("owner/repo/file.rkllm@refs/pr/1", "owner/repo", "refs/pr/1", "file.rkllm", null)]
    [InlineData("owner/repo/RK3588", "owner/repo", null, "RK3588", null)]
    [InlineData("owner/repo/file.rkllm/mine", "owner/repo", null, "file.rkllm", "mine")]
    [InlineData("owner/model.rkllm", "owner/model.rkllm", null, null, null)]
    [InlineData("owner/model.rkllm/file.rkllm", "owner/model.rkllm", null, "file.rkllm", null)]
    [InlineData("owner/model.rkllm/file.rkllm/mine", "owner/model.rkllm", null, "file.rkllm", "mine")]
    [InlineData("hf.co/owner/repo", "owner/repo", null, null, null)]
    [InlineData("hf/owner/repo/file.rkllm", "owner/repo", null, "file.rkllm", null)]
    [InlineData("hf/repo", "hf/repo", null, null, null)]
    [InlineData("HuggingFace.co/owner/repo", "owner/repo", null, null, null)]
    [InlineData("https://huggingface.co/owner/repo", "owner/repo", null, null, null)]
    [InlineData("https://huggingface.co/owner/repo/", "owner/repo", null, null, null)]
    [InlineData("https://huggingface.co/owner/repo/blob/main/dir/a%20b.rkllm?download=true", "owner/repo", "main", "dir/a b.rkllm", null)]
    [InlineData("https://huggingface.co/owner/repo/resolve/v1/file.rkllm", "owner/repo", "v1", "file.rkllm", null)]
    [InlineData("https://huggingface.co/owner/repo/tree/w8a8", "owner/repo", "w8a8", null, null)]
    public void A_name_of_a_model_on_a_hub_is_read(string text, string repository, string? revision, string? path, string? name)
    {
        ModelReferenceParser.TryParse(text, out ModelReference? reference, out string? error).Should().BeTrue(error);

        reference!.Hub.Should().Be(HubKind.HuggingFace);
        (reference.Repository, reference.Revision, reference.Path, reference.LocalName).Should().Be((repository, revision, path, name));
    }

    [Theory]
    [InlineData("modelscope.cn/owner/repo")]
    [InlineData("https://modelscope.cn/models/owner/repo")]
    [InlineData("https://www.modelscope.cn/models/owner/repo/files")]
    [InlineData("modelscope/owner/repo")]
    public void A_name_may_name_the_hub(string text)
    {
        ModelReferenceParser.TryParse(text, out ModelReference? reference, out _).Should().BeTrue();

        (reference!.Hub, reference.Repository, reference.Path).Should().Be((HubKind.ModelScope, "owner/repo", null));
    }

    [Fact]
    public void The_address_of_a_file_at_ModelScope_is_read()
    {
        ModelReferenceParser.TryParse("https://modelscope.cn/models/owner/repo/file/view/master/sub/file.rkllm?status=2", out ModelReference? reference, out _).Should().BeTrue();

        (reference!.Repository, reference.Revision, reference.Path).Should().Be(("owner/repo", "master", "sub/file.rkllm"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("name")]
    [InlineData("owner/")]
    [InlineData("/owner")]
    [InlineData("/etc/passwd")]
    [InlineData("owner//repo")]
    [InlineData("owner/../repo")]
    [InlineData("../../etc/passwd")]
    [InlineData("owner/re po")]
    [InlineData("owner/repo@")]
    [InlineData("owner\\repo")]
    [InlineData("owner/repo/\u0001.rkllm")]
    public void Other_texts_are_refused_with_the_reason(string text)
    {
        bool isRead = ModelReferenceParser.TryParse(text, out ModelReference? reference, out string? error);

        (isRead, reference).Should().Be((false, null));
        error.Should().NotBeNullOrEmpty();
    }

    [Theory]
    [InlineData("hf.co/own", "a model on a hub is named owner/repository or owner/repository/file.rkllm")]
    [InlineData("https://huggingface.co/own", "a model on a hub is named owner/repository or owner/repository/file.rkllm")]
    [InlineData("modelscope.cn/own", "a model on a hub is named owner/repository or owner/repository/file.rkllm")]
    [InlineData("https://evil.example/own/good", "evil.example is none of the hubs (huggingface.co, modelscope.cn), and a model on another node is named http://NODE:8080/NAME")]
    public void An_address_that_names_no_repository_says_what_is_wrong(string text, string expected)
    {
        ModelReferenceParser.TryParse(text, out _, out string? error).Should().BeFalse();

        error.Should().Be(expected);
    }

    [Theory]
    [InlineData("own/good", "own/good", true)]
    [InlineData("Own/Good@main", "own/good", true)]
    [InlineData("modelscope.cn/own/good@master", "modelscope.cn/own/good", true)]
    [InlineData("own/good/f.rkllm", "own/good", true)]
    [InlineData("own/good@abc", "own/good", true)]
    [InlineData("modelscope.cn/own/good", "own/good", false)]
    [InlineData("own/good@v2", "own/good", false)]
    [InlineData("own/good/g.rkllm", "own/good", false)]
    [InlineData("own/good", "own/good/f.rkllm", false)]
    public void Two_references_are_the_same_if_they_name_the_same_file(string text, string recorded, bool expected)
    {
        ModelReferenceParser.TryParse(text, out ModelReference? reference, out _).Should().BeTrue();
        ModelReferenceParser.TryParse(recorded, out ModelReference? other, out _).Should().BeTrue();

        reference!.IsSame(other!, "f.rkllm", "abc").Should().Be(expected);
    }

    [Theory]
    [InlineData("owner/repo", "repo")]
    [InlineData("owner/repo/sub/My-Model-w8a8.rkllm", "My-Model-w8a8")]
    [InlineData("owner/model.rkllm", "model")]
    [InlineData("owner/repo/a.rkllm/mine", "mine")]
    public void The_name_on_the_node_comes_from_the_reference(string text, string name)
    {
        ModelReferenceParser.TryParse(text, out ModelReference? reference, out _).Should().BeTrue();

        reference!.DefaultName.Should().Be(name);
    }
}
