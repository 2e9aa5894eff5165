using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Engine.Tests.Models;

public sealed class ModelCatalogFindTests : IDisposable
{
    private readonly TempDirectory _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void The_documented_Modelfile_is_found()
    {
        using TempDirectory opt = new();
        _root.Write("MyModel/Modelfile", "FROM=\"mymodel.rkllm\"\nHUGGINGFACE_PATH=\"username/tokenizer-repo\"\nSYSTEM=\"\"\nTEMPERATURE=1.0\n");
        _root.Link("MyModel/mymodel.rkllm", opt.Write("mymodel.rkllm"));

        ModelEntry entry = Find("MyModel");

        entry.Name.Should().Be("MyModel");
        entry.Directory.Should().Be(_root.At("MyModel"));
        entry.ModelPath.Should().Be(_root.At("MyModel/mymodel.rkllm"));
        entry.Modelfile.HuggingFacePath.Should().Be("username/tokenizer-repo");
    }

    [Theory]
    [InlineData("FROM=sub/x.rkllm", "model/sub/x.rkllm")]
    [InlineData("FROM=./x.rkllm", "model/x.rkllm")]
    [InlineData("FROM=../x.rkllm", "x.rkllm")]
    public void FROM_is_relative_to_the_directory_of_the_model(string modelfile, string expected)
    {
        _root.Write("model/Modelfile", modelfile);

        Find("model").ModelPath.Should().Be(_root.At(expected));
    }

    [Fact]
    public void FROM_may_be_absolute()
    {
        _root.Write("model/Modelfile", "FROM=\"/opt/rkllama/models/deepseek-1.5b.rkllm\"\n");

        Find("model").ModelPath.Should().Be("/opt/rkllama/models/deepseek-1.5b.rkllm");
    }

    [Fact]
    public void HUGGINGFACE_PATH_may_be_absent()
    {
        _root.Write("model/Modelfile", "FROM=x.rkllm");

        Find("model").Modelfile.HuggingFacePath.Should().BeNull();
    }

    [Fact]
    public void A_loose_file_loads_with_default_values()
    {
        string path = _root.Write("x.rkllm");

        Find("x").Should().Be(new ModelEntry("x", null, path, Modelfile.Empty));
    }

    [Fact]
    public void A_loose_file_that_a_Modelfile_names_is_not_a_separate_model()
    {
        _root.Write("x.rkllm");
        _root.Write("model/Modelfile", "FROM=../x.rkllm");

        Fail("x").Kind.Should().Be(ModelErrorKind.DirectoryNotFound);
        Find("model").ModelPath.Should().Be(_root.At("x.rkllm"));
    }

    [Fact]
    public void Every_listed_loose_model_is_found()
    {
        _root.Write("a.b.rkllm");
        _root.Write("c d.rkllm");
        ModelCatalog catalog = new(_root.Path);

        catalog.List().Select(name => catalog.Find(name).ModelPath).Should().Equal(_root.At("a.b.rkllm"), _root.At("c d.rkllm"));
    }

    [Fact]
    public void A_missing_directory_has_the_documented_message()
    {
        ModelException error = Fail("MyModel");

        error.Kind.Should().Be(ModelErrorKind.DirectoryNotFound);
        error.Message.Should().Be("Model directory 'MyModel' not found.");
    }

    [Fact]
    public void A_missing_Modelfile_has_the_message_of_the_Python_service()
    {
        _root.Write("MyModel/x.rkllm");

        ModelException error = Fail("MyModel");

        error.Kind.Should().Be(ModelErrorKind.ModelfileMissing);
        error.Message.Should().Be("Modelfile not found in 'MyModel' directory.");
    }

    [Theory]
    [InlineData("HUGGINGFACE_PATH=\"a/b\"")]
    [InlineData("FROM=\"\"")]
    [InlineData("")]
    public void A_missing_FROM_has_the_message_of_the_Python_service(string modelfile)
    {
        _root.Write("MyModel/Modelfile", modelfile);

        ModelException error = Fail("MyModel");

        error.Kind.Should().Be(ModelErrorKind.FromMissing);
        error.Message.Should().Be("FROM or HUGGINGFACE_PATH not defined in Modelfile.");
    }

    [Fact]
    public void An_error_in_the_Modelfile_has_its_position()
    {
        string path = _root.Write("MyModel/Modelfile", "FROM=x\nFROM: y\n");

        ModelException error = Fail("MyModel");

        error.Kind.Should().Be(ModelErrorKind.ModelfileInvalid);
        error.Message.Should().StartWith($"{path}:2:5: ");
        error.InnerException.Should().BeOfType<ModelfileException>();
    }

    [Fact]
    public void A_missing_models_directory_has_no_models()
    {
        Action find = () => new ModelCatalog(_root.At("missing")).Find("x");

        find.Should().Throw<ModelException>().Which.Kind.Should().Be(ModelErrorKind.DirectoryNotFound);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("../outside")]
    [InlineData("../../etc")]
    [InlineData("inside/sub")]
    [InlineData("inside/..")]
    [InlineData("inside/")]
    [InlineData("inside\\sub")]
    [InlineData("/etc")]
    [InlineData("inside\0")]
    [InlineData("inside\0/../../etc")]
    [InlineData("in\nside")]
    [InlineData("in\u007Fside")]
    public void A_name_that_is_not_plain_is_not_found(string name)
    {
        _root.Write("root/inside/Modelfile", "FROM=x");
        _root.Write("root/inside/sub/Modelfile", "FROM=x");
        _root.Write("outside/Modelfile", "FROM=x");

        Action find = () => new ModelCatalog(_root.At("root")).Find(name, "x.rkllm", "a/b");

        ModelException error = find.Should().Throw<ModelException>().Which;
        error.Kind.Should().Be(ModelErrorKind.DirectoryNotFound);
        error.Message.Should().Be($"Model directory '{name}' not found.");
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("/etc")]
    [InlineData("a\0b")]
    public void An_unsafe_name_never_touches_the_file_system(string name)
    {
        // An access to this models directory would throw, because it does not exist.
        Action find = () => new ModelCatalog(_root.At("missing")).Find(name);

        find.Should().Throw<ModelException>().Which.Kind.Should().Be(ModelErrorKind.DirectoryNotFound);
    }

    // No InlineData, because the log of the test runner cannot contain half of a surrogate pair.
    [Fact]
    public void A_name_is_valid_UTF8_of_at_most_255_bytes()
    {
        ModelName.IsPlain(new string('a', 255)).Should().BeTrue();
        ModelName.IsPlain(new string('a', 256)).Should().BeFalse();
        ModelName.IsPlain(new string('é', 127)).Should().BeTrue();
        ModelName.IsPlain(new string('é', 128)).Should().BeFalse();
        ModelName.IsPlain("\uD800").Should().BeFalse();
        ModelName.IsPlain("\uFFFD").Should().BeFalse();
    }

    [Fact]
    public void A_request_may_name_the_model_file_of_a_directory_without_Modelfile()
    {
        _root.Write("bare/b.rkllm");

        ModelEntry entry = new ModelCatalog(_root.Path).Find("bare", "b.rkllm", "a/b");

        entry.ModelPath.Should().Be(_root.At("bare/b.rkllm"));
        entry.Modelfile.Should().BeEquivalentTo(new Modelfile { From = "b.rkllm", HuggingFacePath = "a/b" });
        File.Exists(_root.At("bare/Modelfile")).Should().BeFalse();
    }

    [Theory]
    [InlineData("../x.rkllm")]
    [InlineData("/opt/x.rkllm")]
    [InlineData("sub/x.rkllm")]
    [InlineData("..")]
    [InlineData("")]
    [InlineData(null)]
    public void A_request_may_name_only_a_plain_file_name(string? from)
    {
        _root.Write("bare/b.rkllm");

        Action find = () => new ModelCatalog(_root.Path).Find("bare", from, "a/b");

        find.Should().Throw<ModelException>().Which.Kind.Should().Be(ModelErrorKind.ModelfileMissing);
    }

    [Fact]
    public void A_request_does_not_override_a_Modelfile()
    {
        _root.Write("model/Modelfile", "FROM=own.rkllm\n");
        _root.Write("unfinished/Modelfile", "SYSTEM=a b\n");
        ModelCatalog catalog = new(_root.Path);

        Action unfinished = () => catalog.Find("unfinished", "other.rkllm", "a/b");

        catalog.Find("model", "other.rkllm", "a/b").Modelfile.Should().BeEquivalentTo(new Modelfile { From = "own.rkllm" });
        unfinished.Should().Throw<ModelException>().Which.Kind.Should().Be(ModelErrorKind.FromMissing);
    }

    [Fact]
    public void Values_of_one_model_do_not_affect_another()
    {
        _root.Write("first/Modelfile", "FROM=a.rkllm\nTEMPERATURE=0.1\n");
        _root.Write("second/Modelfile", "HUGGINGFACE_PATH=a/b\n");

        Find("first");

        Fail("second").Kind.Should().Be(ModelErrorKind.FromMissing);
    }

    private ModelEntry Find(string name) => new ModelCatalog(_root.Path).Find(name);

    private ModelException Fail(string name)
    {
        Action find = () => Find(name);
        return find.Should().Throw<ModelException>().Which;
    }
}
