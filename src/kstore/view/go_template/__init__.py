"""Go's template language, as far as `-o go-template` needs it."""

from kstore.view.go_template.functions import GoTemplateFault
from kstore.view.go_template.parser import GoTemplateError
from kstore.view.go_template.template import GoTemplate

__all__ = ["GoTemplate", "GoTemplateError", "GoTemplateFault"]
